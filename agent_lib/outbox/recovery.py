"""At the start: bring the outbox's database, records and pictures into agreement; no pending picture is deleted."""

from __future__ import annotations

import logging
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_lib.outbox.captured_tags import note_captured
from agent_lib.outbox.files import remove
from agent_lib.outbox.pictures import picture_lost
from agent_lib.outbox.record import RECORD, SETTLED, Record, RecordFiles, parse_fields
from agent_lib.outbox.unclaimed import Unclaimed
from agent_lib.runtime.durable_files import PART, sync_folder
from agent_lib.station.result import ROLES, CaptureResult

log = logging.getLogger(__name__)

PICTURES_ONLY = "The agent's record of this capture is lost; only its pictures are left"
ANY_SIZE = -1
"""In `Record.sizes`: the size of the picture is not known."""

_PICTURE = re.compile(rf"([A-Za-z0-9-]{{1,128}})_({'|'.join(ROLES)})\.jpg")
_INSERT = "INSERT INTO results (id, event_id, fields, roles, bytes, reason, shelved_ts) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Recovery:
    """One run over the outbox folder.

    A record without a row is queued again, in its order. A row without a record (of a version without records) gets
    one. Pictures without either become a result of their own if there is only one `station` that they can be of, else
    they go to `unclaimed`. `interrupted`: records without a row whose pictures are not all there.
    """

    def __init__(
        self, db: sqlite3.Connection, folder: Path, unclaimed: Unclaimed, station: str, image_server_url: str
    ) -> None:
        self._db, self._folder, self._unclaimed = db, folder, unclaimed
        self._station, self._image_server_url = station, image_server_url
        self._records = RecordFiles(folder)
        self._pictures: dict[str, dict[str, Path]] = {}
        self.rebuilt = self.pictures_only = 0
        self.interrupted: list[Record] = []

    def run(self, salvaged: list[tuple[Any, ...]]) -> None:
        """Recover; `salvaged`: rows of a database that could not be read. Raises OSError, sqlite3.Error."""
        recorded, settled = self._list()
        for event_id in settled:
            self._finish(event_id)
            recorded.discard(event_id)
        known = {event_id for (event_id,) in self._db.execute("SELECT event_id FROM results")}
        found = self._readable(recorded, known)
        self._note_captured(found)
        found += self._salvage(salvaged, known | {record.event_id for record in found})
        self._queue(found)
        known |= {record.event_id for record in found}
        lost = self._pictures_only(set(self._pictures) - known)
        self._queue(lost)
        known |= {record.event_id for record in lost}
        for event_id in set(self._pictures) - known:
            for path in self._pictures[event_id].values():
                self._unclaimed.keep(path)
        self._write_missing_records(recorded)
        self._unclaimed.limit()
        self.rebuilt, self.pictures_only = len(found), len(lost)
        self._log()

    def _list(self) -> tuple[set[str], set[str]]:
        """Event ids of the records and of the settled results; pictures are noted by event id and role."""
        recorded, settled = set(), set()
        for path in list(self._folder.iterdir()):
            picture = _PICTURE.fullmatch(path.name)
            if path.name.endswith(PART):
                remove(path)
            elif picture is not None:
                self._pictures.setdefault(picture[1], {})[picture[2]] = path
            elif path.suffix == SETTLED:
                settled.add(path.stem)
            elif path.suffix == RECORD:
                recorded.add(path.stem)
            elif path.suffix.lower() in (".jpg", ".jpeg") and path.is_file():
                self._unclaimed.keep(path)
        return recorded, settled

    def _finish(self, event_id: str) -> None:
        """Remove what a crash left of a settled result."""
        with self._db:
            self._db.execute("DELETE FROM results WHERE event_id = ?", (event_id,))
        for path in self._pictures.pop(event_id, {}).values():
            remove(path)
        self._records.remove(event_id)

    def _readable(self, recorded: set[str], known: set[str]) -> list[Record]:
        """The records without a row, in their order; one that cannot be read is kept aside."""
        found = []
        for event_id in recorded - known:
            record = self._records.read(event_id)
            if record is not None:
                found.append(self._with_pictures_there(record))
                if found[-1] != record:
                    recorded.discard(event_id)  # to be written again
                    self.interrupted.append(found[-1])
            else:
                self._unclaimed.keep(self._folder / f"{event_id}{RECORD}")
                recorded.discard(event_id)
        return sorted(found, key=lambda record: record.sequence)

    def _note_captured(self, found: list[Record]) -> None:
        """Note the tags of complete captures: the agent ended between their record and their row."""
        interrupted = {record.event_id for record in self.interrupted}
        with self._db:
            for record in found:
                tags = record.fields.get("tags")
                if record.captured is not None and record.event_id not in interrupted and isinstance(tags, list):
                    note_captured(self._db, str(record.fields.get("station")), map(str, tags), record.captured)

    def _salvage(self, rows: list[tuple[Any, ...]], known: set[str]) -> list[Record]:
        """Records from rows of a corrupt database. A row without any of its pictures was delivered before."""
        found = []
        for row_id, event_id, text, roles, _, reason, shelved_ts in rows:
            if event_id in known or not isinstance(text, str) or not isinstance(roles, str):
                continue
            fields = parse_fields(text, event_id)
            names = [role for role in roles.split(",") if role in ROLES]
            if fields is None or (names and event_id not in self._pictures):
                continue
            found.append(
                self._with_pictures_there(Record(row_id, fields, dict.fromkeys(names, ANY_SIZE), reason, shelved_ts))
            )
        return found

    def _with_pictures_there(self, record: Record) -> Record:
        """The record with the pictures that are complete; others are named in its errors."""
        fields, sizes = dict(record.fields), {}
        there = self._pictures.get(record.event_id, {})
        for role, size in record.sizes.items():
            path = there.get(role)
            actual = path.stat().st_size if path is not None else None
            if path is not None and actual is not None and size in (ANY_SIZE, actual):
                sizes[role] = actual
                continue
            sentence = picture_lost(role)
            log.error("%s (capture of tag %s).", sentence, fields.get("tag"))
            fields[f"{role}_image_url"] = ""
            fields["errors"] = [*fields["errors"], sentence]
            if path is not None:
                self._unclaimed.keep(path)
        return replace(record, fields=fields, sizes=sizes)

    def _pictures_only(self, event_ids: set[str]) -> list[Record]:
        """Records for pictures without one, oldest first; empty if the station is not known."""
        found: list[tuple[float, Record]] = []
        for event_id in event_ids if self._station else ():
            whole = {role: path for role, path in self._pictures[event_id].items() if _is_whole_jpeg(path)}
            for role in set(self._pictures[event_id]) - set(whole):
                self._unclaimed.keep(self._pictures[event_id].pop(role))
            if not whole:
                continue
            taken = min(path.stat().st_mtime for path in whole.values())
            result = CaptureResult(
                station=self._station,
                tag="",
                tag_source="",
                started_ts=taken,
                finished_ts=taken,
                tags=[],
                success=False,
                message=PICTURES_ONLY,
                errors=[PICTURES_ONLY],
                pictures=dict.fromkeys(whole, b""),
                event_id=event_id,
            )
            sizes = {role: whole[role].stat().st_size for role in ROLES if role in whole}
            found.append((taken, Record(0, result.fields(self._image_server_url), sizes)))
        return [record for _, record in sorted(found, key=lambda item: item[0])]

    def _queue(self, records: list[Record]) -> None:
        """Insert rows, with the row ids that the records had where they are free."""
        taken = {0, *(row_id for (row_id,) in self._db.execute("SELECT id FROM results"))}
        with self._db:
            for record in records:
                self._db.execute(_INSERT, record.row(None if record.sequence in taken else record.sequence))
                taken.add(record.sequence)

    def _write_missing_records(self, recorded: set[str]) -> None:
        """Write the records of rows that have none, and of those that were changed here."""
        rows = self._db.execute(
            "SELECT id, event_id, fields, roles, reason, shelved_ts FROM results ORDER BY id"
        ).fetchall()
        written = False
        for row_id, event_id, text, roles, reason, shelved_ts in rows:
            if event_id in recorded:
                continue
            fields = parse_fields(text, event_id)
            if fields is None:
                continue
            there = self._pictures.get(event_id, {})
            sizes = {
                role: there[role].stat().st_size if role in there else ANY_SIZE
                for role in roles.split(",")
                if role in ROLES
            }
            try:
                self._records.write(Record(row_id, fields, sizes, reason, shelved_ts))
            except OSError as error:
                log.warning("%s: the records of earlier results cannot be written (%s).", self._folder, error)
                return
            written = True
        if written:
            sync_folder(self._folder)

    def _log(self) -> None:
        if self.rebuilt:
            log.warning("%d results in %s had no row in the database; they wait again.", self.rebuilt, self._folder)
        if self.pictures_only:
            log.error(
                "%d results in %s have lost their record; their pictures are sent.", self.pictures_only, self._folder
            )
        if self._unclaimed.count:
            log.error(
                "%d files that belong to no result are kept in %s. Look at them, then delete them.",
                self._unclaimed.count,
                self._unclaimed.folder,
            )


def _is_whole_jpeg(path: Path) -> bool:
    """Whether a file begins and ends as a JPEG does."""
    try:
        with path.open("rb") as file:
            head = file.read(2)
            file.seek(max(0, path.stat().st_size - 2))
            return head == b"\xff\xd8" and file.read(2) == b"\xff\xd9"
    except OSError as error:
        log.warning("%s cannot be read (%s).", path, error)
        return False
