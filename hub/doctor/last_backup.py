"""How old the newest backup is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok, warn

PATTERN = "gatehouse-*.tar"
OLD_DAYS = 8.0
DAY = 86_400.0
MB = 1e6


def check(case: Case) -> Iterator[Finding]:
    """Look for the newest file in the folder of backups."""
    if case.settings.store.url:
        yield ok("Records and pictures are in PostgreSQL: back it up with pg_dump (docs/postgresql.md).")
        return
    config = getattr(case.settings, "backup", None)
    folder = case.folder / Path(getattr(config, "folder", "backups"))
    found = []
    for path in folder.glob(PATTERN):
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((state.st_mtime, state.st_size, path.name))
    if not found:
        if case.settings.database_path.exists():
            yield warn(f"There is no backup in {folder.resolve()}. {STEP}")
        else:
            yield ok("There is nothing to back up yet.")
        return
    changed, size, name = max(found)
    days = (time.time() - changed) / DAY
    text = f"The newest of {len(found)} backups is {name}, {size / MB:,.1f} MB, {max(0.0, days):.1f} days old"
    yield ok(f"{text}.") if days <= OLD_DAYS else warn(f"{text}. {STEP}")


STEP = "Make one, and keep it on another disk (docs/operations.md)."
CHECK = Check("backup", check)
