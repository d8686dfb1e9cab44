"""A damaged database at the start of the hub: moved aside, what can be read is kept, and the operator is told.

What happened stays in `hub.db.damage.json` until the operator says that it was read, or puts a backup back.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.backup import contents
from hub.backup.listing import newest
from hub.runtime.durable_file import sync_folder, write_whole
from hub.store.errors import DatabaseError
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.rescue import Rescued, damage, rescue, revision
from hub.store.sqlite.snapshot import size_of

log = logging.getLogger(__name__)

REPORT = "hub.db.damage.json"
MARK = "hub.db.suspect"  # the last run met damage: the next start checks the whole file
RESCUED = "hub.db.rescued"  # what could be read, whole, before it takes the place of hub.db
CHECK_SECONDS = 1.0  # at every start; a larger file is checked on, in part, while the hub runs
MB = 1_000_000
MAX_NAMED = 5


def mend(instance: Path) -> None:
    """Check the database and replace a damaged one by what can be read of it. Raises DatabaseError or OSError."""
    database, rescued = instance / contents.DATABASE, instance / RESCUED
    if rescued.exists():
        _exchange(instance, _report(instance))  # a start was interrupted here
        return
    if not database.exists() or not size_of(database):
        _note_missing(instance, database)
        return
    mark = instance / MARK
    try:
        found = damage(database, None if mark.exists() else CHECK_SECONDS)
    except sqlite3.Error as error:  # the disk, not the data: opening the database says more
        log.warning("The database %s was not checked: %s", database, error)
        return
    if found:
        _rescue(instance, database, found)
    mark.unlink(missing_ok=True)


def _note_missing(instance: Path, database: Path) -> None:
    """Report that there is no database where there are pictures: an empty one must not begin in silence."""
    has_pictures = any(name for name in contents.pictures(instance))
    if has_pictures and not _report(instance):
        state = "is empty" if database.exists() else "is not there"
        _write_report(instance, {"at": time.time(), "found": [f"{contents.DATABASE} {state}"], "aside": ""})


def _rescue(instance: Path, database: Path, found: list[str]) -> None:
    known = revision(database)
    if known is not None and known > REVISIONS[-1].number:
        return  # of a newer version, which knows its tables; the migration refuses it
    log.error("The database %s is damaged (%s); what can be read of it is kept.", database, "; ".join(found)[:500])
    part = instance / f"{RESCUED}.part"
    for path in _with_wal(part):
        path.unlink(missing_ok=True)
    steps = [step for step in REVISIONS if known is None or step.number <= max(known, 1)]
    try:
        migrate(SqliteBackend(part), steps)
        result = rescue(database, part) if known is not None else Rescued()
    except (sqlite3.Error, OSError) as error:
        raise DatabaseError(
            f"its database is damaged and what can be read could not be copied ({error}); it needs up to "
            f"{size_of(database) / MB:,.0f} MB of room"
        ) from error
    report = {
        "at": time.time(),
        "found": [text[:300] for text in found[:MAX_NAMED]],
        "aside": f"{contents.DATABASE}.damaged-{time.strftime('%Y%m%d-%H%M%S')}",
        "kept": result.kept,
        "lost": result.lost,
        "readable": known is not None,
    }
    _write_report(instance, report)
    os.replace(part, instance / RESCUED)
    sync_folder(instance)
    _exchange(instance, report)


def _exchange(instance: Path, report: dict[str, Any]) -> None:
    """Move the damaged file aside and what was kept into its place; each step may be done twice."""
    database = instance / contents.DATABASE
    aside = instance / (Path(str(report.get("aside") or "")).name or f"{contents.DATABASE}.damaged")
    if database.exists():
        for source, target in zip(_with_wal(database), _with_wal(aside), strict=True):
            if source != database and source.exists():
                os.replace(source, target)
        os.replace(database, aside)
        sync_folder(instance)
    os.replace(instance / RESCUED, database)
    sync_folder(instance)


def _with_wal(path: Path) -> tuple[Path, ...]:
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _write_report(instance: Path, report: dict[str, Any]) -> None:
    write_whole(instance / REPORT, json.dumps(report, indent=1).encode(), secret=False)
    sync_folder(instance)


def _report(instance: Path) -> dict[str, Any]:
    """The report of the folder; {} where there is none or it cannot be read."""
    try:
        told = json.loads((instance / REPORT).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def sentences(instance: Path, backups: Path) -> list[str]:
    """What the operator must know of a database that was damaged, and what to do; nothing where there is no report."""
    report = _report(instance)
    if not report:
        return []
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(report.get("at") or 0)))
    what = "; ".join(map(str, report.get("found") or []))[:300]
    aside = report.get("aside")
    if not aside:
        told = (
            f"There were pictures and no records at the start of {moment} ({what}): the hub began with an empty "
            "database."
        )
    elif report.get("readable"):
        kept = sum((report.get("kept") or {}).values())
        told = (
            f"The database was damaged at the start of {moment} ({what}). It is kept as {aside}; {kept} rows could be "
            f"read and are in use. {_lost(report.get('lost') or {})}"
        )
    else:
        told = (
            f"The database could not be read at all at the start of {moment} ({what}). It is kept as {aside}; the hub "
            "began with an empty one."
        )
    return [f"{told} {_offer(instance, backups)} When you have read this, say so on /maintenance."]


def _lost(lost: dict[str, int | None]) -> str:
    if not lost:
        return "Nothing was lost."
    return f"Rows were lost in {_names(f'{table} ({_most(count)})' for table, count in lost.items())}."


def _most(count: int | None) -> str:
    return "how many is not known" if count is None or count > 1_000_000 else f"at most {count}"


def _names(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:MAX_NAMED]) + (" and others" if len(found) > MAX_NAMED else "")


def _offer(instance: Path, backups: Path) -> str:
    """The newest backup with the command that puts it back."""
    last = newest(backups)
    if last is None or last.head is None:
        return f"There is no backup in {backups}."
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.head.made_at))
    return (
        f"The newest backup is of {made}; to put it back, stop the hub and run: python app.py restore "
        f'"{last.path.resolve()}" --instance "{instance.resolve()}"'
    )


def note_damage(instance: Path) -> None:
    """Have the next start check the whole database."""
    try:
        (instance / MARK).touch()
    except OSError as error:
        log.warning("%s was not written: %s", instance / MARK, error)


def dismiss(instance: Path) -> bool:
    """Remove the report: the operator has read it. Whether there was one. Raises OSError."""
    report = instance / REPORT
    there = report.exists()
    report.unlink(missing_ok=True)
    return there
