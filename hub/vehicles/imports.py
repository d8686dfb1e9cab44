"""Imports of vehicles from a CSV file: every line, or none.

A file is read and compared with the register first. Its vehicles are then stored some at a time under the id of the
import, which keeps them out of the register, until one small commit puts all of them in. What a broken off import left
is deleted.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import gevent
from sqlalchemy import select

from hub.contract.errors import Conflict, ContractError, RequestError, Unavailable
from hub.contract.roles import Principal
from hub.runtime.lanes import Lanes
from hub.store.pace import Pace, PacedWriter
from hub.store.reader import Reader
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer
from hub.vehicles.csv_lines import COLUMNS, CsvLines, Read, csv_row, texts_of
from hub.vehicles.csv_text import decode_text
from hub.vehicles.finder import VehicleFinder
from hub.vehicles.repository import IMPORTS, VehicleRepository
from hub.vehicles.service import Vehicles, author_name, change_row
from hub.vehicles.vehicle import Vehicle
from hub.vehicles.watch import WatchedPlates

log = logging.getLogger(__name__)

T = TypeVar("T")

LINES = 200  # that are read at once, on a native thread
STEP = 400  # vehicles of one commit, at most
PACE = Pace(target=0.02, most=0.045, share=0.5)  # somebody waits for an import
SHOWN = 10  # vehicles of a preview
TRIES, PAUSE_SECONDS = 30, 1.0  # of a commit, where the hub is busy


class Imports:
    """Reads files of vehicles, one at a time. Used on the event loop."""

    def __init__(
        self,
        writer: Writer,
        repository: VehicleRepository,
        vehicles: Vehicles,
        watch: WatchedPlates,
        finder: VehicleFinder,
        lanes: Lanes,
    ) -> None:
        self._writer, self._repository, self._vehicles = writer, repository, vehicles
        self._watch, self._finder, self._lanes = watch, finder, lanes
        self._running = False

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One file at a time. Raises Unavailable."""
        if self._running:
            raise Unavailable("A file of vehicles is being read already. Try again when that is done.", retry_after=10)
        self._running = True
        try:
            yield
        finally:
            self._running = False

    def preview(self, data: bytes, encoding: str) -> dict[str, Any]:
        """What an import of this file would do, and each line that cannot be taken. Raises ContractError."""
        with self._alone(), self._reading(data, encoding) as (read, found):
            rows = [csv_row(vehicle, self._vehicles.zone) for _, vehicle in read.vehicles(0, SHOWN)]
            return {
                **found,
                "lines": read.lines,
                "vehicles": len(read.packed),
                "bad_count": read.bad_count,
                "bad": [{"line": line, "reason": reason} for line, reason in read.bad],
                "first": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
            }

    def run(self, data: bytes, encoding: str, author: Principal) -> int:
        """Import every vehicle of a file; how many.

        Raises ContractError where a line cannot be taken and StoreBusy, and nothing was imported then.
        """
        with self._alone(), self._reading(data, encoding) as (read, _):
            if read.bad_count:
                count = f"{read.bad_count} {'line' if read.bad_count == 1 else 'lines'}"
                raise ContractError(f"Nothing was imported: {count} cannot be taken.", list(texts_of(read)))
            if not read.packed:
                raise ContractError("Nothing was imported: the file has no vehicles below its first line.")
            self._store(read, author)
            return len(read.packed)

    @contextmanager
    def _reading(self, data: bytes, encoding: str) -> Iterator[tuple[Read, dict[str, Any]]]:
        """What was read of a file, which is freed in small steps."""
        lane = self._lanes.exports
        text, name = lane.run(decode_text, data, encoding)
        lines = lane.run(CsvLines, text, self._vehicles.zone)
        while lane.run(lines.some, LINES):
            pass
        read = lines.read
        try:
            self._compare(read)
            self._watch.check_room(read.watched)
            yield read, {"encoding": name, "separator": lines.separator}
        finally:
            lane.run(read.clear)

    def _compare(self, read: Read) -> None:
        """Name the lines with an identifier that a vehicle of the register has."""
        good: list[tuple[int, bytes]] = []
        for start in range(0, len(read.packed), LINES):
            some = self._lanes.exports.run(read.vehicles, start, start + LINES)
            taken = self._finder.owners(each for _, vehicle in some for each in vehicle.values)
            if not taken:
                good += read.packed[start : start + LINES]
                continue
            for place, (line, vehicle) in enumerate(some, start):
                reasons = [
                    f"the {identifier.kind} {text} belongs to {taken[identifier]} already"
                    for identifier, (_, text) in zip(vehicle.values, vehicle.identifiers, strict=True)
                    if identifier in taken
                ]
                if reasons:
                    read.refuse(line, "; ".join(reasons))
                else:
                    good.append(read.packed[place])
        read.packed = good
        read.bad.sort()

    def _store(self, read: Read, author: Principal) -> None:
        import_id, paced = str(uuid.uuid4()), PacedWriter(self._writer, STEP, PACE)
        now = self._vehicles.now()
        paced.write(lambda transaction: self._repository.begin_import(transaction, import_id, now))
        start, watched = 0, list[Vehicle]()
        try:
            while start < len(read.packed):
                end = start + paced.items
                watched += self._patiently(paced, partial(self._insert, read, start, end, import_id, author, now))
                start = end
            self._writer.write(lambda transaction: self._repository.end_import(transaction, import_id))
        except Exception:  # whatever it was, nothing of the file stays
            self._give_up(import_id)
            raise
        log.info("%d vehicles were imported by %s.", len(read.packed), author_name(author))
        for place in range(0, len(watched), LINES):
            self._watch.add(watched[place : place + LINES])
            gevent.sleep(0)
        self._vehicles.announce(author)

    def _patiently(self, paced: PacedWriter, job: Callable[[Transaction], T]) -> T:
        """The result of a step; where the hub is busy, it is tried again for a while. Raises StoreBusy."""
        for _ in range(TRIES):
            try:
                return paced.write(job)
            except StoreBusy:
                gevent.sleep(PAUSE_SECONDS)
        return paced.write(job)

    def _insert(
        self,
        read: Read,
        start: int,
        end: int,
        import_id: str,
        author: Principal,
        now: float,
        transaction: Transaction,
    ) -> list[Vehicle]:
        """Insert some vehicles, on the writer's thread; those of them that are watched."""
        watched = []
        for _, vehicle in read.vehicles(start, end):
            made = replace(vehicle, id=str(uuid.uuid4()), created_at=now, changed_at=now, import_id=import_id)
            for identifier, (kind, text) in zip(made.values, made.identifiers, strict=True):
                if self._repository.owner_of(transaction, identifier) is not None:
                    raise Conflict(f"Nothing was imported: meanwhile another vehicle got the {kind} {text}.")
            stored = replace(made, seq=self._repository.insert(transaction, made))
            self._repository.insert_change(transaction, change_row(stored, {}, stored.content(), "import", author, now))
            if stored.is_watched:
                watched.append(stored)
        return watched

    def _give_up(self, import_id: str) -> None:
        try:
            self._undo(import_id)
        except RequestError as error:
            log.error("What a broken off import has stored is deleted at the next start: %s", error)

    def _undo(self, import_id: str) -> None:
        """Delete what an import has stored, which was never in the register."""
        paced = PacedWriter(self._writer, STEP, PACE)
        while self._patiently(paced, lambda t: self._repository.undo_import(t, import_id)):
            pass
        self._writer.write(lambda transaction: self._repository.end_import(transaction, import_id))

    def clean_up(self, reader: Reader, older_seconds: float = 0.0) -> None:
        """Delete what imports left that a stop or crash broke off; no file is read meanwhile.

        older_seconds: how long ago they began at least; what began since may go on at another hub.
        """
        broken_off = IMPORTS.columns.began_at <= time.time() - older_seconds
        with self._alone():
            for row in reader.all(select(IMPORTS).where(broken_off)):
                log.warning("An import of vehicles was broken off: what it had stored is deleted.")
                self._undo(row["id"])
