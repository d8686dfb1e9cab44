"""Puts a backup in the place of an instance folder's data; the data that was there is kept in a folder beside it.

A backup is verified whole before anything is touched, then unpacked into `restore.unpacked` and verified again, then
`hub.backup.switch` exchanges the two. Whatever interrupts that, the folder has the old data or the new, whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from hub.backup import contents, switch
from hub.backup.archive import Entry, Head, entries, read_head
from hub.backup.archive_writer import FLUSH_BYTES, PIECE_BYTES
from hub.backup.errors import ArchiveDamaged, BackupError
from hub.backup.make import one_at_a_time
from hub.backup.pace import MB, Pace
from hub.runtime.durable_file import sync_folder
from hub.store.migrations.revisions import REVISIONS
from hub.store.sqlite.snapshot import flush, revision_of

MAX_FOUND = 5
ZEROS = bytes(PIECE_BYTES)
SQLITE_MAGIC = b"SQLite format 3\0"

Sink = Callable[[Entry], IO[bytes]]  # where the bytes of a file go


def restore(backup: Path, instance: Path, pace: Pace) -> tuple[Head | None, Path | None]:
    """Put `backup` in the place of the folder's data: (its head, the folder with the old data if there was any).

    A single database, as it is copied before a new version changes its tables, takes the place of hub.db alone; it has
    no head. The caller holds the lock of the instance folder. Raises BackupError with a sentence.
    """
    instance.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(instance):
        try:
            switch.finish(instance)
            switch.check_movable(instance)
            head = _stage(backup, instance / switch.STAGED, pace)
            return head, switch.exchange(instance, only_database=head is None)
        except OSError as error:
            raise BackupError(
                f"The old data and the backup could not be exchanged ({error}). Nothing is lost: free what holds the "
                "files, then start the hub or run this command again, which finishes it."
            ) from error


def _stage(backup: Path, staged: Path, pace: Pace) -> Head | None:
    """Unpack a whole backup beside the data; its head, None of a single database. Raises BackupError."""
    shutil.rmtree(staged, ignore_errors=True)
    try:
        if _is_database(backup):
            head = None
            _unpack_database(backup, staged)
        else:
            head = check(backup, pace)
            _unpack(backup, head, staged, pace)
        _check_database(staged / contents.DATABASE, backup)
        return head
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        name = f"{error.filename}: " if error.filename else ""
        raise BackupError(
            f"The backup could not be put back ({name}{error.strerror or error}); the data that was there is as it was."
        ) from error
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def check(backup: Path, pace: Pace) -> Head:
    """Read a whole backup and compare it with its manifest; its head. Raises BackupError or OSError."""
    head = read_head(backup)
    _check_revision(head.revision, backup)
    pace.begin("checking", head.size)
    _walk(backup, head, pace, None)
    return head


def _check_revision(revision: int, backup: Path) -> None:
    newest = REVISIONS[-1].number
    if revision > newest:
        raise BackupError(
            f"{backup} was made by a newer version of Gatehouse: its database has schema revision {revision}, and this "
            f"version knows revisions up to {newest}. Install the newer version and restore with it."
        )


def _walk(backup: Path, head: Head, pace: Pace, sink: Sink | None) -> None:
    """Compare each file with the manifest, and write it to where `sink` says. Raises ArchiveDamaged or OSError."""
    files, has_database = 0, False
    for entry, expected in entries(backup, head):
        if not contents.is_safe(entry.name):
            raise ArchiveDamaged(
                f"{backup} is not used: it contains {entry.name[:100]!r}, which no backup has. Nothing was changed."
            )
        if _copied(entry, pace, sink) != expected:
            raise ArchiveDamaged(f"{backup} is damaged: {entry.name} has other bytes than were backed up.")
        files += 1
        has_database = has_database or entry.name == contents.DATABASE
    if files != head.files or not has_database:
        raise ArchiveDamaged(f"{backup} is damaged: it has {files} of {head.files} files, or no database.")


def _copied(entry: Entry, pace: Pace, sink: Sink | None) -> str:
    """The SHA-256 of a file of the backup, which is written to its sink on the way."""
    digest, target = hashlib.sha256(), None if sink is None else sink(entry)
    try:
        pending = 0
        while data := entry.file.read(PIECE_BYTES):
            digest.update(data)
            pace.count(len(data))
            if target is not None:
                if data == ZEROS[: len(data)]:  # a hole where the system has such: deleted pictures leave some
                    target.seek(len(data), os.SEEK_CUR)
                else:
                    target.write(data)
                pending += len(data)
                if pending >= FLUSH_BYTES:
                    flush(target.fileno())
                    pending = 0
        if target is not None:
            target.truncate(entry.size)
            os.fsync(target.fileno())
    finally:
        if target is not None:
            target.close()
    return digest.hexdigest()


def _unpack(backup: Path, head: Head, staged: Path, pace: Pace) -> None:
    free = shutil.disk_usage(_existing(staged)).free
    if free < head.size:
        raise BackupError(
            f"The disk of {_existing(staged)} has {free / MB:,.0f} MB free and the backup needs {head.size / MB:,.0f} "
            "MB beside the data that is there, which is kept: free some space. Nothing was changed."
        )
    for folder in ("", *contents.FOLDERS):
        (staged / folder).mkdir(parents=True, exist_ok=True)

    def sink(entry: Entry) -> IO[bytes]:
        return _new_file(staged / entry.name)

    pace.begin("unpacking", head.size)
    _walk(backup, head, pace, sink)
    for folder in reversed(("", *contents.FOLDERS)):
        sync_folder(staged / folder)


def _unpack_database(backup: Path, staged: Path) -> None:
    _check_revision(revision_of(backup), backup)
    staged.mkdir(parents=True)
    with open(backup, "rb") as source, _new_file(staged / contents.DATABASE) as target:
        shutil.copyfileobj(source, target, PIECE_BYTES)
        os.fsync(target.fileno())
    sync_folder(staged)


def _new_file(path: Path) -> IO[bytes]:
    """A new file that only the hub's user may read: secrets are among them. Raises OSError where there is one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)


def _existing(path: Path) -> Path:
    """The nearest folder above `path` that exists."""
    return next(folder for folder in path.resolve().parents if folder.exists())


def _is_database(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _check_database(path: Path, backup: Path) -> None:
    """Raise ArchiveDamaged where the unpacked database is damaged: it was so when it was backed up."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA quick_check({MAX_FOUND})")]
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise ArchiveDamaged(
            f"The database in {backup} is damaged ({'; '.join(map(str, found))[:300]}); take an older backup. "
            "Nothing was changed."
        )


def describe(head: Head | None) -> str:
    """What was restored, in words."""
    if head is None:
        return "the database alone; pictures, settings and secrets are as they were"
    age = time.strftime("%Y-%m-%d %H:%M", time.localtime(head.made_at))
    return f"the backup of {age} ({head.files} files, {head.size / MB:,.0f} MB)"
