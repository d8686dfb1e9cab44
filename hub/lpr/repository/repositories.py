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
from hub.store.corrected import Corrected
from hub.store.reader import Reader
from hub.store.searched import PartIndex


@dataclass(frozen=True)
class Repositories:
    """One of each."""

    cameras: CameraRepository
    counters: CounterRepository
    records: RecordRepository
    health: HealthRepository
    detections: DetectionRepository

    @classmethod
    def create(
        cls,
        backend: Backend,
        reader: Reader,
        single_statement: bool = True,
        parts: PartIndex | None = None,
        corrected: Corrected | None = None,
    ) -> Repositories:
        """The repositories of a backend. single_statement: use the statements that only this database understands.

        Without `parts` and `corrected`: those of a database without corrections, whose tables are searched themselves.
        """
        cameras = CameraRepository(backend, reader)
        counters: CounterRepository
        detections: DetectionRepository
        if single_statement and backend.name == "postgresql":
            from hub.lpr.repository import postgresql_batches

            counters = postgresql_batches.PostgresCounterRepository(backend, reader)
            detections = postgresql_batches.PostgresDetectionRepository(backend, cameras, counters)
        elif single_statement and backend.name == "sqlite":
            counters = SqliteCounterRepository(backend, reader)
            detections = SqliteDetectionRepository(backend, cameras, counters)
        else:
            counters = CounterRepository(backend, reader)
            detections = DetectionRepository(backend, cameras, counters)
        records = RecordRepository(
            reader, counters, parts or PartIndex(backend, reader), corrected or Corrected(reader)
        )
        return cls(cameras, counters, records, HealthRepository(backend, reader), detections)
