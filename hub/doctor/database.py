"""Whether the database file is undamaged, as far as that can be told in a minute."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from time import monotonic

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.store.errors import DatabaseError
from hub.store.open import existing_store

SECONDS = 60.0
STEPS = 200_000
MAX_FOUND = 3
MB = 1e6


def check(case: Case) -> Iterator[Finding]:
    """Let SQLite check the structure of the file, without writing to it."""
    path = case.settings.database_path
    if case.settings.store.url:
        yield _postgresql(case)
        return
    if not path.exists():
        yield ok("There is no database yet; the first start makes it.")
        return
    deadline = monotonic() + SECONDS
    try:
        with closing(case.database()) as connection:
            connection.set_progress_handler(lambda: monotonic() > deadline, STEPS)
            rows = [" ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA quick_check({MAX_FOUND})")]
    except sqlite3.Error as error:
        if monotonic() > deadline:
            yield warn(f"{path.name} is too large to be checked within {SECONDS:g} s; no damage was found until then.")
        elif isinstance(error, sqlite3.OperationalError):  # the disk, its room, permissions
            yield fail(f"{path.resolve()} cannot be read now ({error}): check the disk and the permissions.")
        else:
            yield fail(f"{path.resolve()} is damaged ({error}). {REPAIR}")
        return
    size = path.stat().st_size / MB
    if rows == ["ok"]:
        yield ok(f"{path.name} is undamaged ({size:,.1f} MB).")
    else:
        yield fail(f"{path.resolve()} is damaged: {'; '.join(rows)}. {REPAIR}")


def _postgresql(case: Case) -> Finding:
    """Whether the server lets the hub in."""
    try:
        backend = existing_store(case.settings).backend
        connection = backend.connect()
        try:
            size = backend.used_bytes(connection) / MB
        finally:
            connection.close()
    except DatabaseError as error:
        return fail(f"{error}.")
    except backend.errors as error:
        return fail(
            f"{backend.address} cannot be used ({' '.join(str(error).split())}): check PostgreSQL and store.url."
        )
    return ok(f"{backend.address} can be used (about {size:,.1f} MB); PostgreSQL watches over its files itself.")


REPAIR = "Stop the hub, keep a copy of the file, and put back a backup or repair it (docs/operations.md)."
CHECK = Check("database", check)
