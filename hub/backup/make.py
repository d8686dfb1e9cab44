"""Makes a backup of an instance folder, also while a hub runs on it.

Pictures are copied first, then the database as it is at one moment, then the pictures that came meanwhile. A picture is
durable before the commit of its record, so every record of the copied database has its pictures in the backup; and one
that retention deletes meanwhile loses its row before the database is copied, or was copied already.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import socket
import sqlite3
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.backup import contents, switch
from hub.backup.archive import Head
from hub.backup.archive_writer import ArchiveWriter
from hub.backup.errors import BackupError
from hub.backup.pace import MB, Pace
from hub.contract.times import utc_text
from hub.store.instance_lock import FileLock
from hub.store.sqlite.snapshot import revision_of, size_of, snapshot

log = logging.getLogger(__name__)

LOCK_NAME = "backup.lock"
FULL = (errno.ENOSPC, errno.EDQUOT)


def make_backup(instance: Path, target: Path, pace: Pace, reserve_bytes: int = 0) -> Head:
    """Make `target` a backup of the folder; its head. Raises BackupError, with a sentence; nothing is left then.

    `reserve_bytes`: what must stay free on the disk of the instance folder, so that the hub can go on storing.
    """
    if (instance / switch.PLAN).exists():
        raise BackupError(
            "A restoration was interrupted: start the hub or restore again, which finishes it, then back up."
        )
    if not (instance / contents.DATABASE).is_file():
        raise BackupError(f"There is no {contents.DATABASE} in {instance.resolve()}: nothing to back up.")
    if target.exists():
        raise BackupError(f"{target} exists already; choose another name. Backups are never overwritten.")
    with one_at_a_time(instance):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return _write(instance, target, pace, _reserve(instance, target, reserve_bytes))
        except sqlite3.Error as error:
            raise BackupError(
                f"The database cannot be copied ({error}); run `python app.py verify` to see what is damaged."
            ) from error
        except OSError as error:
            raise BackupError(_sentence(error, target)) from error


def _reserve(instance: Path, target: Path, reserve_bytes: int) -> int:
    """What must stay free on the disk of the backup: nothing, where it is not the hub's own."""
    return reserve_bytes if os.stat(instance).st_dev == os.stat(target.parent).st_dev else 0


def _sentence(error: OSError, target: Path) -> str:
    if error.errno in FULL:
        return (
            f"The disk of {target.parent.resolve()} is full: free some space, or choose another folder. Nothing of the "
            "backup was kept."
        )
    return f"{target} cannot be written ({error.strerror or error}); check the folder and its disk."


@contextmanager
def one_at_a_time(instance: Path) -> Iterator[None]:
    """Hold the lock of backups and restorations of the folder. Raises BackupError where another one runs."""
    lock = FileLock(instance / LOCK_NAME)
    try:
        free = lock.acquire()
    except OSError as error:
        log.warning("%s cannot be locked: %s", lock.path, error)
        free = True
    if not free:
        raise BackupError("Another backup of this folder is being made; wait until it is done.")
    try:
        yield
    finally:
        lock.release()


def _write(instance: Path, target: Path, pace: Pace, reserve: int) -> Head:
    database_bytes = sum(size_of(instance / name) for name in contents.databases(instance))
    total = database_bytes + _size(instance, [*contents.PICTURE_FOLDERS, *contents.SMALL_FOLDERS])
    # The copy of a database lies beside the backup until it is in it.
    needed, free = total + database_bytes + reserve, shutil.disk_usage(target.parent).free
    if free < needed:
        raise BackupError(
            f"The disk of {target.parent.resolve()} has {free / MB:,.0f} MB free and the backup needs "
            f"{needed / MB:,.0f} MB: free some space, or choose another folder. Nothing was written."
        )
    pace.begin("pictures", total + database_bytes)
    now = time.time()
    head = Head(made_at=now, made=utc_text(now) or "", revision=0, host=socket.gethostname()[:100])
    writer = ArchiveWriter(target, head, pace)
    try:
        copied = CopiedPictures(instance, writer)
        copied.add_all()
        pace.begin("database")
        revision = _add_databases(instance, target, writer, pace)
        pace.begin("newest pictures")
        copied.add_new()
        pace.begin("settings and secrets")
        _add_small_files(instance, writer)
        pace.begin("end")
        return writer.finish(revision)
    except BaseException:
        writer.discard()
        raise


def _size(instance: Path, folders: list[str]) -> int:
    total = 0
    for folder in folders:
        if (instance / folder).is_dir():
            with os.scandir(instance / folder) as entries:
                total += sum(entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False))
    return total


def _add_databases(instance: Path, target: Path, writer: ArchiveWriter, pace: Pace) -> int:
    """Add a copy of each database; the schema revision of hub.db."""
    revision = 0
    copy = target.with_name(target.name + ".db.part")
    for name in contents.databases(instance):
        copy.unlink(missing_ok=True)
        try:
            snapshot(instance / name, copy, pace.count)
            if name == contents.DATABASE:
                revision = revision_of(copy)
            writer.database_bytes += writer.add(name, copy) or 0
        finally:
            copy.unlink(missing_ok=True)
    return revision


def _add_small_files(instance: Path, writer: ArchiveWriter) -> None:
    for name in contents.small_files(instance):
        if not contents.is_safe(name):
            writer.note(f"{name[:100]!r} has a name that not every system can have and is not in this backup.")
        elif (instance / name).stat().st_size > contents.MAX_SMALL_BYTES:
            writer.note(f"{name} is larger than {contents.MAX_SMALL_BYTES // MB} MB and is not in this backup.")
        else:
            writer.add(name, instance / name)


class CopiedPictures:
    """The pictures that are in the backup already; a digest of eight bytes stands for each of perhaps millions."""

    def __init__(self, instance: Path, writer: ArchiveWriter) -> None:
        self._instance, self._writer = instance, writer
        self._digests = array("Q")

    def add_all(self) -> None:
        """Add every picture that there is now, without the newest pack, whose end may still be taken back."""
        newest = max(
            (name for name in contents.pictures(self._instance) if name.endswith(".pack")), key=_number, default=""
        )
        for name in contents.pictures(self._instance):
            if name != newest:
                self._add(name)
        self._digests = array("Q", sorted(self._digests))

    def add_new(self) -> None:
        """Add what `add_all` has left out, and what came since."""
        known = len(self._digests)
        for name in contents.pictures(self._instance):
            digest = _digest(name)
            place = bisect_left(self._digests, digest, 0, known)
            if place == known or self._digests[place] != digest:
                self._add(name)

    def _add(self, name: str) -> None:
        if not contents.is_safe(name):
            self._writer.note(f"{name[:100]!r} is not a name that the hub gives and is not in this backup.")
            return
        self._writer.picture_bytes += self._writer.add(name, self._instance / name) or 0
        self._digests.append(_digest(name))


def _number(name: str) -> tuple[int, str]:
    """The key that sorts packs by their numbers."""
    return len(name), name


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")
