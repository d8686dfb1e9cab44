"""The outbox: results wait here, on disk, until the hub has confirmed them (at least once, told apart by event_id)."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_lib.station.result import ROLES, CaptureResult

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    fields TEXT NOT NULL,
    roles TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT,
    shelved_ts REAL
)
"""
_UNSAVED = 50
"""Results held in memory while the disk takes none; more would endanger the process that must go on capturing."""

_COMPLAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Entry:
    """A waiting result: its row, its documented fields, and its pictures as JPEG bytes by role."""

    id: int
    fields: dict[str, Any]
    pictures: dict[str, bytes]

    @property
    def event_id(self) -> str:
        return self.fields["event_id"]


class Outbox:
    """Durable queue of one agent, oldest first. Every method may be called from any thread and none raises for a bad
    disk.

    Pictures lie in `outbox/` as `{event_id}_{role}.jpg`, rows in `outbox.db`. A picture is on disk before its row, and
    a row goes before its pictures, so that a crash leaves at most pictures without a row, which the next start removes.
    """

    def __init__(self, instance: Path, max_bytes: int, shelf_results: int) -> None:
        self._folder = instance / "outbox"
        self._path = instance / "outbox.db"
        self._max_bytes, self._shelf_results = max_bytes, shelf_results
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._unsaved: deque[tuple[CaptureResult, dict[str, Any]]] = deque()
        self._settled: set[int] = set()
        self._complain_at = 0.0
        self._folder.mkdir(parents=True, exist_ok=True)
        self._db = self._open()
        self._bytes = self._sum()
        self._sweep()

    # Opening

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(
                    f"{self._path}: cannot be opened ({error}); see to the folder's rights and the disk."
                ) from error
            aside = f"broken-{int(time.time())}"
            log.error(
                "%s cannot be read (%s); it and its pictures are kept as *.%s and a new one is begun.",
                self._path,
                error,
                aside,
            )
            for path in (
                self._path,
                self._path.with_name("outbox.db-wal"),
                self._path.with_name("outbox.db-shm"),
                self._folder,
            ):
                if path.exists():
                    path.rename(path.with_name(f"{path.name}.{aside}"))
            self._folder.mkdir()
            return _connect(self._path)

    def _sum(self) -> int:
        return self._db.execute("SELECT coalesce(sum(bytes), 0) FROM results").fetchone()[0]

    def _sweep(self) -> None:
        """Remove pictures whose row was never written or is gone: left by a crash between the two."""
        known = {row[0] for row in self._db.execute("SELECT event_id FROM results")}
        for path in self._folder.iterdir():
            if path.name.partition("_")[0] not in known:
                log.info("%s belongs to no waiting result and is removed.", path)
                _remove(path)

    # In

    def put(self, result: CaptureResult, fields: dict[str, Any]) -> bool:
        """Store a result. True: it is on disk. False: the write failed; it is kept in memory and retried."""
        with self._lock:
            self._unsaved.append((result, fields))
            if len(self._unsaved) > _UNSAVED:
                lost, _ = self._unsaved.popleft()
                log.error(
                    "The capture of tag %s is lost: the disk takes nothing and memory holds the newest %d.",
                    lost.tag,
                    _UNSAVED,
                )
            return self.save_unsaved()

    def save_unsaved(self) -> bool:
        """Write what waits in memory to disk, oldest first; True when nothing is left there."""
        with self._lock:
            while self._unsaved:
                result, fields = self._unsaved[0]
                try:
                    self._write(result, fields)
                except (OSError, sqlite3.Error) as error:
                    if time.monotonic() >= self._complain_at:
                        self._complain_at = time.monotonic() + _COMPLAIN_SECONDS
                        log.error(
                            "The capture of tag %s cannot be saved in %s (%s). Free some space or see to the "
                            "folder's rights; it is kept in memory and tried again.",
                            result.tag,
                            self._folder,
                            error,
                        )
                    return False
                self._unsaved.popleft()
                self._changed.notify_all()
            return True

    def _write(self, result: CaptureResult, fields: dict[str, Any]) -> None:
        pictures, fields = result.pictures, dict(fields)
        size = sum(len(data) for data in pictures.values())
        if pictures and self._bytes + size > self._max_bytes:
            sentence = f"Pictures not kept: the agent's outbox is full ({self._max_bytes // 1_000_000} MB)"
            log.error("%s. Bring the hub back, or raise max_mb under [outbox].", sentence)
            fields.update({f"{role}_image_url": "" for role in ROLES}, errors=[*fields["errors"], sentence])
            pictures, size = {}, 0
        for role, data in pictures.items():
            _write_durably(self._picture(result.event_id, role), data)
        if pictures:
            _sync_folder(self._folder)
        text = json.dumps(fields, ensure_ascii=False)
        with self._db:
            self._db.execute(
                "INSERT OR IGNORE INTO results (event_id, fields, roles, bytes) VALUES (?, ?, ?, ?)",
                (result.event_id, text, ",".join(pictures), size + len(text)),
            )
        self._bytes += size + len(text)

    # Out

    def wait(self, seconds: float) -> None:
        """Return when a result was put or `wake` called, at the latest after `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    def wake(self) -> None:
        """Let `wait` return: there is something to do besides new results."""
        with self._changed:
            self._changed.notify_all()

    def next(self, skip: frozenset[int] | set[int] = frozenset()) -> Entry | None:
        """The oldest result that still waits, None when there is none. `skip`: rows not to take now."""
        passed = list(self._settled | skip)
        with self._lock:
            try:
                row = self._db.execute(
                    "SELECT id, event_id, fields, roles FROM results WHERE reason IS NULL AND id NOT IN "
                    f"({','.join('?' * len(passed))}) ORDER BY id LIMIT 1",
                    passed,
                ).fetchone()
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s); it is tried again.", self._path, error)
                return None
        if row is None:
            return None
        fields, pictures = json.loads(row[2]), {}
        for role in filter(None, row[3].split(",")):
            try:
                pictures[role] = self._picture(row[1], role).read_bytes()
            except OSError as error:
                sentence = f"The {role} picture is lost: the agent cannot read it any more"
                log.error("%s (%s).", sentence, error)
                fields[f"{role}_image_url"] = ""
                fields["errors"] = [*fields["errors"], sentence]
        return Entry(row[0], fields, pictures)

    def delivered(self, entry: Entry) -> None:
        """The hub has it: forget it."""
        self._settle(entry, "DELETE FROM results WHERE id = ?", (entry.id,))
        if entry.id not in self._settled:
            self._forget_pictures(entry.event_id)

    def shelve(self, entry: Entry, reason: str) -> None:
        """The hub refuses it for good: keep it aside with the reason, and drop the oldest beyond the shelf's size."""
        self._settle(
            entry,
            "UPDATE results SET reason = ?, shelved_ts = ? WHERE id = ?",
            (reason or "refused", time.time(), entry.id),
        )
        with self._lock:
            try:
                old = self._db.execute(
                    "SELECT id, event_id, bytes FROM results WHERE reason IS NOT NULL ORDER BY shelved_ts DESC, id "
                    "DESC LIMIT -1 OFFSET ?",
                    (self._shelf_results,),
                ).fetchall()
                with self._db:
                    self._db.executemany("DELETE FROM results WHERE id = ?", [(row[0],) for row in old])
            except sqlite3.Error as error:
                log.error("The shelf in %s cannot be shortened (%s).", self._path, error)
                return
        for _, event_id, size in old:
            self._bytes -= size
            self._forget_pictures(event_id)

    def _settle(self, entry: Entry, statement: str, values: tuple[Any, ...]) -> None:
        with self._lock:
            try:
                row = self._db.execute("SELECT bytes FROM results WHERE id = ?", (entry.id,)).fetchone()
                with self._db:
                    self._db.execute(statement, values)
            except sqlite3.Error as error:
                # A full disk can refuse a deletion too. Not offering it again in this run keeps the queue moving;
                # after a restart it is sent once more and the hub knows its event_id.
                self._settled.add(entry.id)
                log.error("%s cannot be written (%s). Free some space; results are still delivered.", self._path, error)
                return
            if statement.startswith("DELETE"):
                self._bytes -= row[0] if row else 0
            self._changed.notify_all()

    # Looking

    def counts(self) -> dict[str, Any]:
        """{"waiting": n, "shelved": n, "shelf": newest 20 of {"event_id", "tag", "reason"}}."""
        with self._lock:
            try:
                waiting, shelved = self._db.execute(
                    "SELECT count(*) - count(reason), count(reason) FROM results"
                ).fetchone()
                rows = self._db.execute(
                    "SELECT event_id, fields, reason FROM results WHERE reason IS NOT NULL ORDER BY shelved_ts DESC, "
                    "id DESC LIMIT 20"
                ).fetchall()
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s).", self._path, error)
                waiting, shelved, rows = 0, 0, []
            waiting += len(self._unsaved) - len(self._settled)
        shelf = [
            {"event_id": event_id, "tag": json.loads(fields).get("tag", ""), "reason": reason}
            for event_id, fields, reason in rows
        ]
        return {"waiting": max(0, waiting), "shelved": shelved, "shelf": shelf}

    @property
    def empty(self) -> bool:
        """Whether nothing waits, on disk or in memory; False while that cannot be told."""
        with self._lock:
            try:
                waiting = self._db.execute("SELECT count(*) FROM results WHERE reason IS NULL").fetchone()[0]
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s).", self._path, error)
                return False
            return waiting <= len(self._settled) and not self._unsaved

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self._lock:
            self._db.close()

    def _picture(self, event_id: str, role: str) -> Path:
        return self._folder / f"{event_id}_{role}.jpg"

    def _forget_pictures(self, event_id: str) -> None:
        for role in ROLES:
            _remove(self._picture(event_id, role))


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(_SCHEMA)
        db.execute("SELECT count(*), sum(bytes) FROM results").fetchone()
        db.commit()
    except sqlite3.Error:
        db.close()
        raise
    return db


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows keeps them with the files and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed (%s); the next start tries again.", path, error)
