"""The outbox: results are stored on disk until the hub has confirmed them (at-least-once, identified by event_id)."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_lib.outbox.captured_tags import CapturedTags, note_captured
from agent_lib.outbox.counting import count_results
from agent_lib.outbox.database import open_database
from agent_lib.outbox.entry import Entry
from agent_lib.outbox.interrupted import Interrupted
from agent_lib.outbox.pictures import PictureFiles, picture_lost
from agent_lib.outbox.record import Record, RecordFiles, parse_fields
from agent_lib.outbox.recovery import Recovery
from agent_lib.outbox.shelf import beyond_shelf, next_shelved_ts
from agent_lib.outbox.unclaimed import Unclaimed
from agent_lib.outbox.unsaved import Unsaved
from agent_lib.runtime.durable_files import make_folder, sync_folder
from agent_lib.runtime.moment import Moment
from agent_lib.station.result import ROLES, CaptureResult

log = logging.getLogger(__name__)

_MAX_UNSAVED = 50
"""Limit of results held in memory while the disk is not writable, so that the process survives."""

_LOG_INTERVAL_SECONDS = 30.0
_ROW_CORRUPT = "The agent's record of this capture cannot be read"


class Outbox:
    """Durable queue of one agent, oldest first. Thread-safe; no method raises for a failing disk.

    Pictures are stored in `outbox/` as `{event_id}_{role}.jpg`, rows in `outbox.db`; `{event_id}.json` holds all that
    the row holds, so that the next start can rebuild a database that was lost. A result is written in the order
    record, pictures, row. When it is settled its record is renamed first, then row, pictures and record are removed:
    a crash in between loses nothing and sends nothing twice. A result whose pictures were not written before the end of
    the last run waits a while for a new capture of its tag, which takes its place. `station`: the only one of this
    agent, else "".
    """

    def __init__(
        self,
        instance: Path,
        max_bytes: int,
        shelf_results: int,
        station: str = "",
        image_server_url: str = "http://127.0.0.1:3000",
    ) -> None:
        self._folder = instance / "outbox"
        self._path = instance / "outbox.db"
        self._max_bytes, self._shelf_results = max_bytes, shelf_results
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._unsaved = Unsaved(_MAX_UNSAVED)
        # Rows that were settled although the database could not be written.
        self._settled_rows: set[int] = set()
        self._log_at = 0.0
        self._closed = False
        make_folder(self._folder)
        self._records, self._pictures = RecordFiles(self._folder), PictureFiles(self._folder)
        self._unclaimed = Unclaimed(self._folder / "unclaimed", max_bytes)
        self._notices: list[str] = []
        opened = open_database(self._path)
        self._db = opened.db
        self._tags = CapturedTags(self._db, self._path, _MAX_UNSAVED)
        recovery = Recovery(self._db, self._folder, self._unclaimed, station, image_server_url)
        self._recover(recovery, opened.rows)
        self._interrupted = Interrupted(recovery.interrupted)
        if opened.aside is not None:
            self._notices.insert(0, f"The agent's outbox was damaged; its database is kept as {opened.aside}.")
        self._bytes = int(self._db.execute("SELECT coalesce(sum(bytes), 0) FROM results").fetchone()[0])

    def _recover(self, recovery: Recovery, salvaged: list[tuple[Any, ...]]) -> None:
        try:
            recovery.run(salvaged)
        except (OSError, sqlite3.Error) as error:
            log.error("%s cannot be put in order (%s); the next start tries again.", self._folder, error)
        if recovery.pictures_only:
            self._notices.append(f"{recovery.pictures_only} captures lost their record; their pictures are sent.")

    @property
    def notices(self) -> list[str]:
        """Sentences for operators about what was damaged or is kept aside."""
        count = self._unclaimed.count
        kept = f"{count} files that belong to no capture are kept in {self._unclaimed.folder}."
        return [*self._notices, *([kept] if count else [])]

    # Writing

    def put(self, result: CaptureResult, fields: dict[str, Any]) -> bool:
        """Store a result. True: it is on disk. False: the write failed; it is kept in memory and retried."""
        with self._lock:
            lost = self._unsaved.add(result, fields)
            if lost is not None:
                log.error(
                    "The capture of tag %s is lost: the disk takes nothing and memory holds the newest %d.",
                    lost.tag,
                    _MAX_UNSAVED,
                )
            return self.save_unsaved()

    def save_unsaved(self) -> bool:
        """Write the results held in memory to disk, oldest first; whether none is left."""
        with self._lock:
            while (first := self._unsaved.first()) is not None:
                try:
                    self._write(first.result, first.fields)
                except (OSError, sqlite3.Error) as error:
                    if time.monotonic() >= self._log_at:
                        self._log_at = time.monotonic() + _LOG_INTERVAL_SECONDS
                        log.error(
                            "The capture of tag %s cannot be saved in %s (%s). Free some space or see to the "
                            "folder's rights; it is kept in memory and tried again.",
                            first.result.tag,
                            self._folder,
                            error,
                        )
                    self._changed.notify_all()
                    return False
                self._unsaved.remove(first.id)
                self._changed.notify_all()
            self._tags.note_delivered()
            return True

    def _write(self, result: CaptureResult, fields: dict[str, Any]) -> None:
        if self._db.execute("SELECT 1 FROM results WHERE event_id = ?", (result.event_id,)).fetchone() is not None:
            return
        pictures, fields = result.pictures, dict(fields)
        size = sum(len(data) for data in pictures.values())
        if pictures and self._bytes + size > self._max_bytes:
            sentence = f"Pictures not kept: the agent's outbox is full ({self._max_bytes // 1_000_000} MB)"
            log.error("%s. Bring the hub back, or raise max_mb under [outbox].", sentence)
            fields.update({f"{role}_image_url": "" for role in ROLES}, errors=[*fields["errors"], sentence])
            pictures, size = {}, 0
        last = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'results'").fetchone()
        now = Moment.now()
        record = Record(
            sequence=1 + (last[0] if last else 0),
            fields=fields,
            sizes={role: len(data) for role, data in pictures.items()},
            captured=None if result.cut_short else now,
        )
        self._records.write(record)
        self._pictures.write(result.event_id, pictures)
        sync_folder(self._folder)
        row = record.row(record.sequence)
        replaced = self._interrupted.replaced_by(result.station, result.tags)
        for event_id in replaced:
            self._records.settle(event_id)
        with self._db:
            self._db.execute("INSERT INTO results (id, event_id, fields, roles, bytes) VALUES (?, ?, ?, ?, ?)", row[:5])
            if not result.cut_short:
                note_captured(self._db, result.station, result.tags, now)
            gone = [
                self._db.execute("DELETE FROM results WHERE event_id = ? RETURNING bytes", (event_id,)).fetchone()
                for event_id in replaced
            ]
        self._bytes += row[4] - sum(size for (size,) in filter(None, gone))
        for event_id in replaced:
            log.info("The capture of tag %s takes the place of one that was interrupted.", result.tag)
            self._remove_files(event_id)
        self._interrupted.remove(replaced)

    # The tags that were captured

    def captured_tags(self, station: str) -> dict[str, Moment]:
        """The tags captured last at a station, and when each was seen last."""
        with self._lock:
            return self._tags.of(station)

    def note_seen(self, station: str, seen: Mapping[str, Moment]) -> None:
        """Note when captured tags of a station were seen last; a failure is logged."""
        with self._lock:
            self._tags.seen(station, seen)

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
            waiting = self._interrupted.waiting()
            try:
                row = self._db.execute(
                    "SELECT id, event_id, fields, roles FROM results WHERE reason IS NULL AND id NOT IN "
                    f"({','.join('?' * len(excluded))}) AND event_id NOT IN ({','.join('?' * len(waiting))}) "
                    "ORDER BY id LIMIT 1",
                    [*excluded, *waiting],
                ).fetchone()
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s); it is tried again.", self._path, error)
                return None
            if row is None:
                return self._unsaved.next(skip)
        fields = parse_fields(row[2], row[1])
        if fields is None:
            record = self._records.read(row[1])
            fields = record.fields if record is not None else {"event_id": row[1], "errors": [_ROW_CORRUPT]}
        pictures, lost = self._pictures.read(row[1], filter(None, row[3].split(",")))
        for role in lost:
            fields[f"{role}_image_url"] = ""
            fields["errors"] = [*fields["errors"], picture_lost(role)]
        return Entry(row[0], fields, pictures)

    def delivered(self, entry: Entry) -> None:
        """Delete a result that the hub has confirmed."""
        with self._lock:  # until its files are gone, too: the same event may be put again
            if entry.id < 0:
                unsaved = self._unsaved.remove(entry.id)
                if unsaved is not None:
                    if not unsaved.result.cut_short:
                        self._tags.delivered(unsaved.result.station, unsaved.result.tags)
                    self._records.settle(entry.event_id)  # a write that failed may have left files
                    self._remove_files(entry.event_id)
                    return
                entry = self._saved(entry)
            self._records.settle(entry.event_id)
            self._settle(entry, "DELETE FROM results WHERE id = ?", (entry.id,))
            if entry.id not in self._settled_rows:
                self._remove_files(entry.event_id)

    def shelve(self, entry: Entry, reason: str) -> None:
        """Move a result that the hub rejects to the dead-letter queue, dropping the oldest beyond its limit."""
        if entry.id < 0:
            with self._lock:
                self.save_unsaved()
                if self._unsaved.remove(entry.id) is not None:
                    log.error("The refused result of tag %s is dropped: the disk is full.", entry.fields.get("tag"))
                    return
                entry = self._saved(entry)
        reason = reason or "refused"
        with self._lock:
            shelved_ts = next_shelved_ts(self._db)
        self._settle(
            entry, "UPDATE results SET reason = ?, shelved_ts = ? WHERE id = ?", (reason, shelved_ts, entry.id)
        )
        self._records.shelve(entry.event_id, reason, shelved_ts)
        with self._lock:
            try:
                old = beyond_shelf(self._db, self._shelf_results)
                for _, event_id, _ in old:
                    self._records.settle(event_id)
                with self._db:
                    self._db.executemany("DELETE FROM results WHERE id = ?", [(row[0],) for row in old])
            except sqlite3.Error as error:
                log.error("The shelf in %s cannot be shortened (%s).", self._path, error)
                return
        for _, event_id, size in old:
            self._bytes -= size
            self._remove_files(event_id)

    def _saved(self, entry: Entry) -> Entry:
        """The entry of a result that was in memory when it was sent, and was written to disk since."""
        try:
            row = self._db.execute("SELECT id FROM results WHERE event_id = ?", (entry.event_id,)).fetchone()
        except sqlite3.Error as error:
            log.error("%s cannot be read (%s).", self._path, error)
            row = None
        return entry if row is None else replace(entry, id=row[0])

    def _settle(self, entry: Entry, statement: str, values: tuple[Any, ...]) -> None:
        with self._lock:
            try:
                row = self._db.execute("SELECT bytes FROM results WHERE id = ?", (entry.id,)).fetchone()
                with self._db:
                    self._db.execute(statement, values)
            except sqlite3.Error as error:
                # A full disk can reject a deletion too. Skipping the row in this run keeps the queue moving; the next
                # start deletes it, or sends it once more where its record could not be renamed.
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
                waiting, shelved, shelf = count_results(self._db)
            except sqlite3.Error as error:
                log.error("%s cannot be read (%s).", self._path, error)
                waiting, shelved, shelf = 0, 0, []
            waiting += len(self._unsaved) - len(self._settled_rows)
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
        """Write what is held in memory, and close the database; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not self.save_unsaved():
                log.error(
                    "%d captures are lost with the end of the agent: they could not be written.", len(self._unsaved)
                )
            self._db.close()

    def _remove_files(self, event_id: str) -> None:
        """Remove pictures and record of a settled result, after its row."""
        self._pictures.remove(event_id)
        self._records.remove(event_id)
