"""A step looks at its own rows only, however many expire after them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from hub.lpr.expiring import expiring_health
from hub.lpr.tables import LprHealth
from hub.retention.cut import Cut
from hub.retention.repository import RetentionRepository
from hub.runtime.lanes import Lanes
from hub.settings.model import Settings
from hub.store.migrations.runner import migrate
from hub.store.reader import Reader
from hub.store.sqlite.backend import SqliteBackend
from hub.store.transaction import Transaction

ROWS, STEP = 20_000, 20


class Counted:
    """A connection that counts the rounds of 100 instructions of the statements."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.rounds = 0
        self.connection.set_progress_handler(self._count, 100)

    def _count(self) -> int:
        self.rounds += 1
        return 0

    def execute(self, *given: Any) -> Any:
        return self.connection.execute(*given)

    def executemany(self, *given: Any) -> Any:
        return self.connection.executemany(*given)


def fill(path: Path) -> None:
    columns = [column.name for column in LprHealth.__table__.columns]
    numbers = {"seq", "occurred_at", "received_at"}
    rows = (
        tuple(number if name in numbers else f"{name}{number}" for name in columns) for number in range(1, ROWS + 1)
    )
    with sqlite3.connect(path) as connection:
        connection.executemany(f"INSERT INTO lpr_health VALUES ({', '.join('?' * len(columns))})", rows)
    connection.close()


def test_a_step_reads_no_rows_after_its_own(tmp_path: Path) -> None:
    backend = SqliteBackend(tmp_path / "hub.db")
    migrate(backend)
    fill(tmp_path / "hub.db")
    kind = expiring_health(Settings())
    repository = RetentionRepository(backend, Reader(backend, Lanes()), [kind])
    connection = Counted(tmp_path / "hub.db")
    step = repository.step_job(kind, Cut(before=ROWS + 1.0, until=ROWS + 1), STEP)(Transaction(connection))
    assert step.records == STEP
    assert connection.execute("SELECT min(seq) FROM lpr_health").fetchone()[0] == STEP + 1
    assert connection.rounds < 100, "as many as all rows that expire would take"
