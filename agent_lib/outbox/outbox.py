"""The outbox: results are stored on disk until the hub has confirmed them (at-least-once, identified by event_id)."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any

from agent_lib.outbox.database import connect
from agent_lib.outbox.entry import Entry
from agent_lib.outbox.files import remove, sync_folder, write_durably
from agent_lib.station.result import ROLES, CaptureResult

log = logging.getLogger(__name__)

_MAX_UNSAVED = 50
"""Limit of results held in memory while the disk is not writable, so that the process survives."""

_LOG_INTERVAL_SECONDS = 30.0


class Outbox:
    """Durable queue of one agent, oldest first. Thread-safe; no method raises for a failing disk.

    Pictures are stored in `outbox/` as `{event_id}_{role}.jpg`, rows in `outbox.db`. Pictures are written before their
    row and deleted after it, so a crash leaves at most pictures without a row, which the next start removes.
    """

    def __init__(self, instance: Path, max_bytes: int, shelf_results: int) -> None:
        self._folder = instance / "outbox"
        self._path = instance / "outbox.db"
        self._max_bytes, self._shelf_results = max_bytes, shelf_results
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._unsaved: deque[tuple[CaptureResult, dict[str, Any]]] = deque()
        # Rows that were settled although the database could not be written.
        self._settled_rows: set[int] = set()
        self._log_at = 0.0
        self._folder.mkdir(parents=True, exist_ok=True)
        self._db = self._open()
        self._bytes = self._total_bytes()
        self._sweep()

    # Opening

    def _open(self) -> sqlite3.Connection:
        try:
            return connect(self._path)
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
            return connect(self._path)

    def _total_bytes(self) -> int:
        return int(self._db.execute("SELECT coalesce(sum(bytes), 0) FROM results").fetchone()[0])

    def _sweep(self) -> None:
        """Remove pictures without a row, left by a crash between writing pictures and row."""
        known = {row[0] for row in self._db.execute("SELECT event_id FROM results")}
        for path in self._folder.iterdir():
            if path.name.partition("_")[0] not in known:
                log.info("%s belongs to no waiting result and is removed.", path)
                remove(path)

    # Writing

    def put(self, result: CaptureResult, fields: dict[str, Any]) -> bool:
        """Store a result. True: it is on disk. False: the write failed; it is kept in memory and retried."""
        with self._lock:
            self._unsaved.append((result, fields))
            if len(self._unsaved) > _MAX_UNSAVED:
                lost, _ = self._unsaved.popleft()
                log.error(
                    "The capture of tag %s is lost: the disk takes nothing and memory holds the newest %d.",
                    lost.tag,
                    _MAX_UNSAVED,
                )
            return self.save_unsaved()

    def save_unsaved(self) -> bool:
        """Write the results held in memory to disk, oldest first; whether none is left."""
        with self._lock:
            while self._unsaved:
                result, fields = self._unsaved[0]
                try:
                    self._write(result, fields)
                except (OSError, sqlite3.Error) as error:
                    if time.monotonic() >= self._log_at:
                        self._log_at = time.monotonic() + _LOG_INTERVAL_SECONDS
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
            write_durably(self._picture(result.event_id, role), data)
        if pictures:
            sync_folder(self._folder)
        text = json.dumps(fields, ensure_ascii=False)
        with self._db:
            self._db.execute(
                "INSERT OR IGNORE INTO results (event_id, fields, roles, bytes) VALUES (?, ?, ?, ?)",
                (result.event_id, text, ",".join(pictures), size + len(text)),
            )
        self._bytes += size + len(text)

    # Reading and settling

    def wait(self, seconds: float) -> None:
        """Block until a result is put or `wake` is called, for `seconds` at most."""
        with self._changed:
            self._changed.wait(seconds)

    def wake(self) -> None:
        """Unblock `wait`, for other reasons than a new result."""
        with self._changed:
            self._changed.notify_all()

    def next(self, skip: Collection[int] = frozenset()) -> Entry | None:
        """The oldest pending result, None if there is none. `skip`: row ids to leave out."""
        excluded = list(self._settled_rows | set(skip))
        with self._lock:
            try:
                row = self._db.execute(
                    "SELECT id, event_id, fields, roles FROM results WHERE reason IS NULL AND id NOT IN "
                    f"({','.join('?' * len(excluded))}) ORDER BY id LIMIT 1",
                    excluded,
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
        """Delete a result that the hub has confirmed."""
        self._settle(entry, "DELETE FROM results WHERE id = ?", (entry.id,))
        if entry.id not in self._settled_rows:
            self._remove_pictures(entry.event_id)

    def shelve(self, entry: Entry, reason: str) -> None:
        """Move a result that the hub rejects to the dead-letter queue, dropping the oldest beyond its limit."""
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
            self._remove_pictures(event_id)

    def _settle(self, entry: Entry, statement: str, values: tuple[Any, ...]) -> None:
        with self._lock:
            try:
                row = self._db.execute("SELECT bytes FROM results WHERE id = ?", (entry.id,)).fetchone()
                with self._db:
                    self._db.execute(statement, values)
            except sqlite3.Error as error:
                # A full disk can reject a deletion too. Skipping the row in this run keeps the queue moving; after a
                # restart it is sent once more and the hub recognises its event_id.
                self._settled_rows.add(entry.id)
                log.error("%s cannot be written (%s). Free some space; results are still delivered.", self._path, error)
                return
            if statement.startswith("DELETE"):
                self._bytes -= row[0] if row else 0
            self._changed.notify_all()

    # Counting

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
            waiting += len(self._unsaved) - len(self._settled_rows)
        shelf = [
            {"event_id": event_id, "tag": json.loads(fields).get("tag", ""), "reason": reason}
            for event_id, fields, reason in rows
        ]
        return {"waiting": max(0, waiting), "shelved": shelved, "shelf": shelf}

    @property
    def empty(self) -> bool:
        """Whether no result is pending, on disk or in memory; False if the database cannot be read."""
        with self._lock:
            try:
                waiting = self._db.execute("SELECT count(*) FROM results WHERE reason IS NULL").fetchone()[0]
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s).", self._path, error)
                return False
            return waiting <= len(self._settled_rows) and not self._unsaved

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self._lock:
            self._db.close()

    def _picture(self, event_id: str, role: str) -> Path:
        return self._folder / f"{event_id}_{role}.jpg"

    def _remove_pictures(self, event_id: str) -> None:
        for role in ROLES:
            remove(self._picture(event_id, role))
