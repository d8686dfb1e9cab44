"""Detections and health reports as records that expire."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select, update

from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.tables import LprHealth, LprPlate, LprRecord
from hub.runtime.lanes import Lane
from hub.settings.model import Settings
from hub.store.backend import Backend, Row
from hub.store.expiring import Belongings, Expiring
from hub.store.pace import PacedWriter
from hub.store.pack_writer import HEADER
from hub.store.packs import SUFFIX, pack_file, pack_of
from hub.store.picture_store import RecordPictures
from hub.store.reader import Reader
from hub.store.salvage import READ_ERRORS
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

RECORDS = table_of(LprRecord)
COUNTED_AT_ONCE = 100
NAMES_AT_ONCE = 200


def expiring_detections(settings: Settings, belongings: Belongings | None = None) -> Expiring:
    """What `hub.retention` needs to know of detections."""
    days = settings.retention.detection_days
    return Expiring("detections", RECORDS, days, "retention.detection_days", belongings=belongings)


def expiring_health(settings: Settings) -> Expiring:
    """What `hub.retention` needs to know of health reports."""
    return Expiring("health", table_of(LprHealth), settings.lpr.health_days, "lpr.health_days")


class DetectionBelongings:
    """Counters and packs of detections; plates go by the foreign key. Implements `hub.store.expiring.Belongings`.

    A pack goes when no record names it any more. One of which protected records keep a half or less becomes a file with
    holes, where the system has such files.
    """

    columns = ("pack", "picture_bytes", "camera_id", "checkpoint_id")

    def __init__(
        self,
        backend: Backend,
        reader: Reader,
        writer: Writer,
        counters: CounterRepository,
        packs: RecordPictures,
        lane: Lane,
    ) -> None:
        self._reader, self._counters, self._packs, self._lane = reader, counters, packs, lane
        self._steps = PacedWriter(writer, COUNTED_AT_ONCE)
        plates = select(LprPlate.record_seq, LprPlate.plate)
        between = LprPlate.record_seq.between(bindparam("first"), bindparam("last"))
        self._plates = backend.compile(plates.where(between)).sql
        counted = update(RECORDS).where(LprRecord.seq == bindparam("row"), LprRecord.pack.is_(None))
        self._set_pack = backend.compile(counted.values(pack=bindparam("number"), picture_bytes=bindparam("size"))).sql

    def release(self, transaction: Transaction, rows: Sequence[Row]) -> dict[str, int]:
        """Count the records as expired; the packs that lose pictures."""
        seqs = {row["seq"] for row in rows}
        counts: Counter[CounterKey] = Counter({("detections_expired", ""): len(rows)})
        files: Counter[str] = Counter()
        for row in rows:
            counts["camera_expired", row["camera_id"]] += 1
            counts["checkpoint", row["checkpoint_id"]] -= 1
            if row["pack"]:
                files[pack_file(row["pack"])] += row["picture_bytes"] or 0
        plates = transaction.all(self._plates, {"first": min(seqs), "last": max(seqs)})
        for _, plate in {(row["record_seq"], row["plate"]) for row in plates if row["record_seq"] in seqs}:
            counts["plate", plate] -= 1
        counts = Counter({key: number for key, number in counts.items() if isinstance(key[1], str)})
        self._counters.add(transaction, counts)
        self._counters.drop_empty(transaction, [key for key, number in counts.items() if number < 0])
        return dict(files)

    def expired(self, records: int) -> None:
        """Nothing is kept in memory."""

    def owns(self, name: str) -> bool:
        return name.endswith(SUFFIX) and name.removesuffix(SUFFIX).isdigit()

    def reclaim(self, names: Sequence[str]) -> list[str]:
        """Remove the packs that no record names, and make those smaller that are half empty."""
        if self._reader.all(select(LprRecord.seq).where(LprRecord.pack.is_(None)).limit(1)):
            return []  # it is not known yet which packs records of older versions have
        return [name for name in names if self._try_pack(name)]

    def _try_pack(self, name: str) -> bool:
        try:
            return self._reclaim_pack(int(name.removesuffix(SUFFIX)))
        except OSError as error:  # such as a file that another program holds
            log.warning("The space of %s cannot be given back yet: %s", name, error)
            return False

    def _reclaim_pack(self, number: int) -> bool:
        """Whether nothing is left to give back of a pack. Raises DatabaseError, LaneBusy or OSError."""
        if number >= self._packs.newest:
            return False
        size = func.coalesce(func.sum(LprRecord.picture_bytes), 0).label("bytes")
        left = self._reader.all(select(func.count().label("records"), size).where(LprRecord.pack == number))[0]
        if not left["records"]:
            self._lane.run(self._packs.remove, number)
            return True
        taken = self._lane.run(self._packs.allocated, number)
        if not taken:
            return True
        return self._packs.can_thin and left["bytes"] <= taken // 2 and self._thin(number)

    def _thin(self, number: int) -> bool:
        """Cut what no record names out of a pack; False where a picture of it cannot be found."""
        ranges: list[tuple[int, int]] = []
        for rows in self._records_of(number):
            found = self._lane.run(self._ranges, rows)
            if found is None:
                return False
            ranges += found
        self._lane.run(self._packs.thin, number, ranges)
        return True

    def _records_of(self, number: int) -> Iterator[list[Row]]:
        after = -1
        some = select(LprRecord.seq, LprRecord.body).where(LprRecord.pack == number).order_by(LprRecord.seq)
        while rows := self._reader.all(some.where(LprRecord.seq > after).limit(NAMES_AT_ONCE)):
            yield rows
            after = rows[-1]["seq"]

    def _ranges(self, rows: Sequence[Row]) -> list[tuple[int, int]] | None:
        """On a native thread: where the pictures of these rows are in their pack, with their headers."""
        ranges = []
        for row in rows:
            for name in picture_names(row["body"]):
                found = self._packs.locate(name, raw=True)
                if found is None:
                    return None
                ranges.append((found.start - HEADER.size, found.size + HEADER.size))
        return ranges

    def count_pictures(self) -> int:
        """Fill in `pack` and `picture_bytes` of some detections of older versions; how many."""
        some = select(LprRecord.seq, LprRecord.body).where(LprRecord.pack.is_(None)).order_by(LprRecord.seq)
        rows = self._reader.all(some.limit(self._steps.items))
        if rows:
            found = self._lane.run(self._sizes, rows)
            self._steps.write(lambda transaction: transaction.execute_many(self._set_pack, found))
        return len(rows)

    def _sizes(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """On a native thread: the pack of each row, and the bytes of its pictures there."""
        made = []
        for row in rows:
            names = picture_names(row["body"])
            found = [self._packs.locate(name, raw=True) for name in names]
            size = sum(picture.size + HEADER.size for picture in found if picture is not None)
            made.append({"row": row["seq"], "number": max(map(pack_of, names), default=0), "size": size})
        return made


def picture_names(body: str) -> list[str]:
    """The names of a stored record's pictures that are in packs; none where its body cannot be read."""
    try:
        values = list(orjson.loads(body)["pictures"].values())
    except READ_ERRORS:
        return []
    names = [name for value in values for name in (value if isinstance(value, list) else [value])]
    return [name for name in names if isinstance(name, str) and pack_of(name)]
