"""The repositories of licence-plate cameras for a backend."""

from __future__ import annotations

from dataclasses import dataclass

from hub.lpr.repository.cameras import CameraRepository
from hub.lpr.repository.counters import CounterRepository
from hub.lpr.repository.detections import DetectionRepository
from hub.lpr.repository.health import HealthRepository
from hub.lpr.repository.records import RecordRepository
from hub.lpr.repository.sqlite_batches import SqliteCounterRepository, SqliteDetectionRepository
from hub.store.backend import Backend
from hub.store.reader import Reader


@dataclass(frozen=True)
class Repositories:
    """One of each."""

    cameras: CameraRepository
    counters: CounterRepository
    records: RecordRepository
    health: HealthRepository
    detections: DetectionRepository

    @classmethod
    def create(cls, backend: Backend, reader: Reader, single_statement: bool = True) -> Repositories:
        """The repositories of a backend. single_statement: use the statements that only this database understands."""
        cameras = CameraRepository(backend, reader)
        counters: CounterRepository
        detections: DetectionRepository
        if single_statement and backend.name == "sqlite":
            counters = SqliteCounterRepository(backend, reader)
            detections = SqliteDetectionRepository(backend, cameras, counters)
        else:
            counters = CounterRepository(backend, reader)
            detections = DetectionRepository(backend, cameras, counters)
        return cls(cameras, counters, RecordRepository(reader, counters), HealthRepository(backend, reader), detections)
