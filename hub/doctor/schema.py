"""Whether the tables are those of this version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.store.migrations.revisions import REVISIONS


def check(case: Case) -> Iterator[Finding]:
    """Compare the revision of the database with the newest one that this version knows."""
    if case.settings.store.url or not case.settings.database_path.exists():
        return  # the hub says at its start what is wrong with the tables of PostgreSQL
    newest = REVISIONS[-1].number
    try:
        with closing(case.database()) as connection:
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        yield fail(f"The revision of the tables cannot be read ({error}); see what is said of the database.")
        return
    if found > newest:
        yield fail(
            f"The database has revision {found} of the tables, this version of Gatehouse knows {newest}: install the "
            "newer version again, or put back a backup."
        )
    elif found < newest:
        yield warn(f"The tables have revision {found}; the next start brings them to {newest}. Make a backup first.")
    else:
        yield ok(f"The tables have the newest revision, {newest}.")


CHECK = Check("tables", check)
