"""The last hour of the hub in numbers, for the plots of the status page: a sample every ten seconds, in memory."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, fields
from typing import Any

import gevent
import psutil

from hub.context import Hub
from hub.contract.times import utc_text
from hub.runtime.recent_lines import RecentLines

INTERVAL_SECONDS = 10.0
FIRST_SECONDS = 1.0
CAPACITY = 360


@dataclass(frozen=True)
class Sample:
    """What happened since the sample before, and how it stood at `at` (epoch seconds)."""

    at: float
    records_per_second: float  # records and changes that were committed
    errors: int  # lines of the log at level ERROR or above
    pending_writes: int  # records that waited for a commit at that moment
    loop_lag_ms: float  # the longest time that the event loop was late
    memory_mb: float
    commit_ms: float  # mean time of a commit; 0 without one


SERIES = tuple(one.name for one in fields(Sample) if one.name != "at")


class History:
    """The newest samples. `run` is the supervised greenlet; `body()` is the answer of /api/status/history."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._samples: deque[Sample] = deque(maxlen=CAPACITY)
        self._process = psutil.Process()
        self._taken_at = time.monotonic()
        self._records = self._errors = 0
        self._commits, self._commit_seconds = 0, 0.0

    def __len__(self) -> int:
        return len(self._samples)

    def run(self) -> None:
        """Take a sample a second after the start and then every ten, without drifting."""
        gevent.sleep(FIRST_SECONDS)
        due = time.monotonic()
        while True:
            self.sample()
            due = max(due + INTERVAL_SECONDS, time.monotonic())
            gevent.sleep(max(0.0, due - time.monotonic()))

    def sample(self) -> None:
        """Add a sample of now. Costs the event loop a fraction of a millisecond."""
        hub, now = self._hub, time.monotonic()
        passed, self._taken_at = max(0.001, now - self._taken_at), now
        records, self._records = hub.writer.records - self._records, hub.writer.records
        counts = hub.part(RecentLines).counts
        errors = counts["ERROR"] + counts["CRITICAL"]
        new_errors, self._errors = max(0, errors - self._errors), errors
        rows, seconds = hub.writer.commit_seconds.snapshot()
        commits, self._commits = rows[-1][1] - self._commits, rows[-1][1]
        took, self._commit_seconds = seconds - self._commit_seconds, seconds
        self._samples.append(
            Sample(
                at=time.time(),
                records_per_second=round(records / passed, 2),
                errors=new_errors,
                pending_writes=hub.writer.pending,
                loop_lag_ms=round(hub.loop.take_longest(), 1),
                memory_mb=round(self._process.memory_info().rss / 1e6, 1),
                commit_ms=round(1000 * took / commits, 2) if commits else 0.0,
            )
        )

    def body(self) -> dict[str, Any]:
        """The series by name, each value at the time of the same place, the oldest first."""
        samples = list(self._samples)
        return {
            "success": True,
            "now": utc_text(time.time()),
            "interval_seconds": INTERVAL_SECONDS,
            "times": [utc_text(sample.at) for sample in samples],
            "series": {name: [getattr(sample, name) for sample in samples] for name in SERIES},
        }
