"""A process that forks one child for each step of revision 15, and each child kills itself at that step.

`python -m tests.support.migration_kills FILE|ADDRESS` migrates the database to revision 14, fills it, and writes a line
of JSON with its state before the first child and after each: the revision, and the columns and rows of plates and tags.
A step is a statement or a commit. The last child dies of no step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.store.backend import Backend
from hub.store.migrations import revision_0015
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.postgresql.backend import PostgresBackend
from hub.store.sqlite.backend import SqliteBackend

OLD = 14
ROWS = range(1, 9)
RECORD = (
    "INSERT INTO lpr_records (seq, id, event_key, event_id, camera_id, checkpoint_id, timestamp, created_at, "
    "occurred_at, received_at, vehicles_count, plates_count, body) "
    "VALUES ({n}, 'd{n}', 'k{n}', '', 'c{n}', 'p{n}', '', '', {n}.5, {n}, 1, 1, '{{}}')"
)
PLATE = "INSERT INTO lpr_plates (record_seq, position, text, plate) VALUES ({n}, 0, 'AB', 'AB')"
CAPTURE = (
    "INSERT INTO captures (seq, id, event_id, station, received_at, captured_at, timestamp, tag, tags, tag_source, "
    "tag_timestamp_iso, success, number, raw_text, message, errors, attempts, primary_image, secondary_image, "
    "label_image, warnings, unread) VALUES ({n}, 'c{n}', 'e{n}', 's{n}', {n}, {n}.25, '', 'E2', '[]', '', '', "
    "{n} % 2 = 1, '', '', '', '[]', 1, '', '', '', '[]', '')"
)
TAG = "INSERT INTO capture_tags (capture_seq, tag) VALUES ({n}, 'E2')"


def opened(address: str) -> Backend:
    """The backend of a file or of a PostgreSQL database."""
    return PostgresBackend(address) if "://" in address else SqliteBackend(Path(address))


def fill(backend: Backend) -> None:
    """Make the tables of the older revision, with rows."""
    migrate(backend, REVISIONS[:OLD])
    connection = backend.connect()
    connection.begin()
    for number in ROWS:
        for statement in (RECORD, PLATE, CAPTURE, TAG):
            connection.execute(statement.format(n=number))
    connection.commit()
    connection.close()


def state(backend: Backend) -> dict[str, Any]:
    """What is stored."""
    connection = backend.connect()
    found: dict[str, Any] = {"revision": backend.revision(connection)}
    for table, key in (("lpr_plates", "record_seq"), ("capture_tags", "capture_seq")):
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
        found[table] = [{name: row[name] for name in row.keys()} for row in rows]
    connection.close()
    return found


def die_at(kind: type, at: int) -> None:
    """End this process at the step `at` of the connections of a class."""
    steps = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **kwargs)

        return call

    for name in ("execute", "commit"):
        setattr(kind, name, counted(getattr(kind, name)))


def main(address: str) -> None:
    """Fork until a child reaches its end."""
    revision_0015.STEP = 3  # records of a statement
    backend = opened(address)
    fill(backend)
    connection = backend.connect()
    kind = type(connection)
    connection.close()
    print(json.dumps(state(backend)), flush=True)
    at, killed = 0, True
    while killed:
        at += 1
        child = os.fork()
        if child == 0:
            status = 1
            try:
                die_at(kind, at)
                migrate(opened(address))
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(ended)
        if not killed and os.waitstatus_to_exitcode(ended):
            sys.exit(f"the migration failed by itself at step {at}")
        print(json.dumps(state(backend)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
