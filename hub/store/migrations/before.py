"""A copy of the database before a new version changes its tables."""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from hub.store.errors import DatabaseError
from hub.store.sqlite.snapshot import size_of, snapshot

log = logging.getLogger(__name__)

KEEP = 3
NAME = re.compile(r"before-revision-(\d+)-\d{8}-\d{6}(-\d+)?\.db")
MB = 1_000_000


def copy_before_migration(database: Path, folder: Path, newest: int) -> Path:
    """Copy the database into `folder`, named by the revision that is to be applied and the time; the copy.

    Pictures are not changed by a revision and are not copied. The newest KEEP copies stay. Raises DatabaseError.
    """
    stem = time.strftime(f"before-revision-{newest}-%Y%m%d-%H%M%S")
    target = folder / f"{stem}.db"
    part = target.with_name(target.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        snapshot(database, part)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise DatabaseError(
            f"its tables are to be changed by this version and could not be copied to {folder} before that ({error}); "
            f"it needs {size_of(database) / MB:,.0f} MB there"
        ) from error
    log.warning("The database was copied to %s before its tables are changed.", target)
    for old in copies(folder)[KEEP:]:
        old.unlink(missing_ok=True)
    return target


def copies(folder: Path) -> list[Path]:
    """The copies of a folder, the newest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
