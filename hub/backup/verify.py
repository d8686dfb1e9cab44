"""Checks everything that an instance folder stores, also while a hub runs on it; changes nothing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from hub.backup import contents, stored_rows
from hub.backup.errors import Stopped
from hub.backup.findings import Findings
from hub.backup.listing import listed
from hub.backup.pace import MB, Pace
from hub.backup.stored_packs import ReadPack, packs, read_pack
from hub.store.migrations.revisions import REVISIONS
from hub.store.packs import pack_file

MAX_FOUND = 10
STEPS = 100_000  # of SQLite between two questions whether to stop
DAY = 86_400.0


def verify(instance: Path, backups: Path, findings: Findings, pace: Pace) -> None:
    """Check database, packs, named pictures and the list of backups. Raises Stopped."""
    database = instance / contents.DATABASE
    before = _check_database(database, findings, pace)
    read = _check_packs(instance / contents.PACKS, findings, pace)
    if before is not None:
        _check_names(database, before, read, instance, findings, pace)
    _check_backups(backups, findings)


def _connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=20)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _check_database(database: Path, findings: Findings, pace: Pace) -> dict[str, int] | None:
    """Check pages, indexes and references; the newest rows, or None where it cannot be read."""
    if not database.exists():
        findings.bad(f"There is no database {database}.")
        return None
    pace.begin("database")

    def stop() -> bool:
        try:
            pace.count(0)
        except Stopped:
            return True
        return False

    try:
        with closing(_connect(database)) as connection:
            connection.set_progress_handler(stop, STEPS)
            rows = stored_rows.newest(connection)
            _check_revision(connection, findings)
            damage = [
                " ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA integrity_check({MAX_FOUND})")
            ]
            broken = [] if damage != ["ok"] else connection.execute("PRAGMA foreign_key_check").fetchmany(MAX_FOUND)
    except sqlite3.Error as error:
        pace.count(0)
        findings.bad(
            f"The database {database.name} cannot be read ({error}). The next start of the hub moves it aside and "
            "keeps every row that can be read; or put a backup back: python app.py restore FILE."
        )
        return None
    if damage != ["ok"]:
        findings.bad(
            f"The database {database.name} is damaged: {'; '.join(damage)[:600]}. Restart the hub: it moves the file "
            "aside and keeps every row that can be read; or put a backup back: python app.py restore FILE."
        )
    elif broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        findings.bad(f"The database {database.name} has rows in {tables} that belong to a row which is not there.")
    else:
        findings.good(f"The database {database.name} is whole: its pages, indexes and references.")
    return rows


def _check_revision(connection: sqlite3.Connection, findings: Findings) -> None:
    revision, newest = connection.execute("PRAGMA user_version").fetchone()[0], REVISIONS[-1].number
    if revision > newest:
        findings.bad(f"The database is of a newer version of Gatehouse (revision {revision}; this one knows {newest}).")
    elif revision < newest:
        findings.note(f"The database has schema revision {revision}; the next start of the hub brings it to {newest}.")


def _check_packs(folder: Path, findings: Findings, pace: Pace) -> dict[int, ReadPack]:
    """Read every pack."""
    found = packs(folder)
    pace.begin("pictures", sum(path.stat().st_size for _, path in found if path.exists()))
    read: dict[int, ReadPack] = {}
    for number, path in found:
        try:
            read[number] = pack = read_pack(path, pace)
        except FileNotFoundError:  # deleted by retention meanwhile
            continue
        if pack.unreadable:
            findings.bad(f"The picture file {path.name} cannot be read to its end ({pack.unreadable}). Check the disk.")
        if pack.damaged:
            findings.bad(
                f"The picture file {path.name} has {pack.damaged} damaged pictures; its {len(pack.intact)} others are "
                "whole and are shown as before. Put the file back from a backup."
            )
        elif pack.stray_bytes:
            findings.note(
                f"The picture file {path.name} has {pack.stray_bytes} bytes that belong to no picture: of pictures "
                "that were deleted, or left by a power cut."
            )
    intact = sum(len(pack.intact) for pack in read.values())
    if all(not pack.damaged and not pack.unreadable for pack in read.values()):
        findings.good(f"{len(read)} picture files with {intact} pictures are whole.")
    return read


def _check_names(
    database: Path, until: dict[str, int], read: dict[int, ReadPack], instance: Path, findings: Findings, pace: Pace
) -> None:
    pace.begin("records")
    try:
        with closing(_connect(database)) as connection:
            named = stored_rows.check_names(connection, until, read, instance / contents.IMAGES, pace)
    except sqlite3.Error as error:
        findings.bad(f"Not every record can be read, so not every picture was looked for ({error}).")
        return
    newest_gone = max(named.deleted_packs, default=0)
    if named.deleted_packs and newest_gone < min(read, default=0):
        findings.note(
            f"{sum(named.deleted_packs.values())} pictures of old records are gone with {len(named.deleted_packs)} "
            "picture files that were deleted to make room."
        )
    elif named.deleted_packs:
        names = ", ".join(pack_file(number) for number in sorted(named.deleted_packs)[:5])
        findings.bad(
            f"{sum(named.deleted_packs.values())} pictures of records are lost with the picture files {names}, which "
            "are not there. Put them back from a backup."
        )
    if named.missing:
        findings.bad(
            f"{named.missing} of {named.named} pictures that records name are damaged or missing, among them "
            f"{', '.join(named.examples)}. A backup may have them."
        )
    elif not named.deleted_packs:
        findings.good(f"All {named.named} pictures that records name are there.")


def _check_backups(folder: Path, findings: Findings) -> None:
    found = listed(folder)
    for one in found:
        if one.head is None:
            findings.bad(f"{one.error} It can be deleted.")
    whole = [one for one in found if one.head is not None]
    if not whole:
        findings.note(f"There is no backup in {folder}. Make one: python app.py backup, or the page /maintenance.")
        return
    newest = whole[0]
    assert newest.head is not None
    days = max(0.0, time.time() - newest.head.made_at) / DAY
    findings.good(
        f"{len(whole)} backups in {folder}; the newest, {newest.path.name}, is {days:.1f} days old and has "
        f"{newest.size / MB:,.0f} MB. To read it whole: python app.py verify {newest.path}"
    )
