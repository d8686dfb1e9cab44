"""Pictures in the database, durable in the commit of their records and there for every hub.

Each table is partitioned by day, so that the pictures of a day go by dropping a table. Pictures of camera records lie
in the partition of the day of their arrival, which takes the place of a pack's number in their names; those of captures
in that of the moment in their names, or in partition 0 where that moment is not near.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import zlib
from collections.abc import Iterable, Sequence

from hub.store.images import NAME as IMAGE_NAME
from hub.store.images import picture_name
from hub.store.pack_faults import PackFaults
from hub.store.packs import NAME as PACK_NAME
from hub.store.packs import PREFIX
from hub.store.pictures import TYPES
from hub.store.postgresql.picture_tables import (
    CAPTURES,
    DETECTIONS,
    OTHER_DAY,
    PARTITION,
    UNDECODABLE,
    PictureRow,
    PictureTables,
)
from hub.store.transaction import Transaction

DAY = 86_400
NEAR_DAYS = 60
INSERT = {
    table: f"INSERT INTO {table} (day, name, size, data) VALUES (%(day)s, %(name)s, %(size)s, %(data)b)"
    for table in (DETECTIONS, CAPTURES)
}
PENDING = "pictures of detections"  # in `Transaction.shared`, until the statement that stores the records has them


class _Partitions:
    """The partitions of a table that exist, as far as this hub knows; used on the writer's thread alone."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._known: set[int] = {OTHER_DAY}

    def need(self, transaction: Transaction, day: int) -> None:
        """Create the partition of a day, as a part of the commit in progress."""
        if day not in self._known:
            transaction.execute(PARTITION.format(table=self._table, day=day), None)
            self._known.add(day)
            transaction.on_failure.append(lambda: self._known.discard(day))


class PicturePartitions:
    """Pictures of camera records, in the interface of `hub.store.packs.PackStore`: a pack is a day's partition."""

    can_thin = False

    def __init__(self, tables: PictureTables) -> None:
        self._tables, self._partitions, self._now = tables, _Partitions(DETECTIONS), time.time
        self.faults = PackFaults()

    def prepare(self) -> None:
        """The tables are created at the start."""

    @property
    def newest(self) -> int:
        """Yesterday, which a commit that began before midnight may still write to."""
        return int(self._now() // DAY) - 1

    def put_all(self, transaction: Transaction, pictures: Sequence[tuple[bytes, str]]) -> list[str]:
        """Note pictures, given as (bytes, suffix), for the statement that stores their records; their names."""
        if not pictures:
            return []
        day = int(self._now() // DAY)
        self._partitions.need(transaction, day)
        rows, names = transaction.shared.setdefault(PENDING, []), []
        transaction.on_failure.append(lambda: transaction.shared.pop(PENDING, None))
        for data, suffix in pictures:
            name = f"{PREFIX}{day:06d}-{secrets.randbits(48):x}-{zlib.crc32(data):08x}{suffix}"
            rows.append({"day": day, "name": name, "size": len(data), "data": data})
            names.append(name)
        return names

    def locate(self, name: str, raw: bool = False) -> PictureRow | None:
        """Where a picture is, or None. Bytes that are not a picture (`.bin`) only with `raw`. Raises OSError."""
        match = PACK_NAME.fullmatch(name)
        if match is None or (match[4] == ".bin" and not raw):
            return None
        found = self._tables.locate(DETECTIONS, [int(match[1])], name)
        if found is None:
            return None
        kind = TYPES.get(match[4], "application/octet-stream")
        return PictureRow(self._tables, DETECTIONS, found[0], name, found[1], kind, int(match[3], 16))

    def numbers(self) -> set[int]:
        """The days that have a partition. Raises OSError."""
        return set(self._tables.days(DETECTIONS))

    def size_on_disk(self) -> int:
        """Bytes of all partitions: they are counted with the database."""
        return 0

    def allocated(self, number: int) -> int:
        """Bytes of a partition, 0 where there is none. Raises OSError."""
        return self._tables.days(DETECTIONS).get(number, 0)

    def remove(self, number: int) -> None:
        """Drop a partition. Raises OSError."""
        self._tables.drop(DETECTIONS, number)

    def thin(self, number: int, ranges: Iterable[tuple[int, int]]) -> None:
        """A partition stays until no record names it."""

    def close(self) -> None:
        self._tables.close()


class PictureRows:
    """Pictures of captures, in the interface of `hub.store.images.ImageStore`."""

    grown = 0  # they are counted with the database

    def __init__(self, tables: PictureTables) -> None:
        self._tables, self._partitions = tables, _Partitions(CAPTURES)

    def prepare(self) -> None:
        """The tables are created at the start."""

    def put(self, transaction: Transaction, tag: str, kind: str, milliseconds: int, suffix: str, data: bytes) -> str:
        """Store a picture under the first free name at or after `milliseconds`; its name."""
        while True:
            name, day = picture_name(tag, kind, milliseconds, suffix), _day(milliseconds)
            here = day if abs(day - time.time() // DAY) <= NEAR_DAYS else OTHER_DAY
            found = transaction.one(
                f"SELECT data = %(data)b AS same FROM {CAPTURES} WHERE day = ANY(%(days)s) AND name = %(name)s",
                {"data": data, "days": [day, OTHER_DAY], "name": name},
            )
            if found is None:
                self._partitions.need(transaction, here)
                transaction.execute(INSERT[CAPTURES], {"day": here, "name": name, "size": len(data), "data": data})
                return name
            if found["same"]:
                return name
            milliseconds += 1

    def put_undecodable(self, transaction: Transaction, data: bytes) -> None:
        """Keep bytes that are not a picture, named by their digest; they are never served."""
        transaction.execute(
            f"INSERT INTO {UNDECODABLE} (name, data) VALUES (%(name)s, %(data)b) ON CONFLICT DO NOTHING",
            {"name": hashlib.sha256(data).hexdigest()[:32], "data": data},
        )

    def remove(self, transaction: Transaction, name: str) -> None:
        """Delete a picture that no row names any more."""
        transaction.execute(
            f"DELETE FROM {CAPTURES} WHERE day = ANY(%(days)s) AND name = %(name)s",
            {"days": _days(name), "name": name},
        )

    def tidy(self) -> None:
        """Drop the partitions of past days in which nothing is left. Raises OSError."""
        latest = int(time.time() // DAY) - NEAR_DAYS
        for day in self._tables.days(CAPTURES):
            if (
                OTHER_DAY < day < latest
                and self._tables.one(f"SELECT 1 AS some FROM {CAPTURES}_{day:d} LIMIT 1", {}) is None
            ):
                self._tables.drop(CAPTURES, day)

    def size_on_disk(self) -> int:
        """They are counted with the database."""
        return 0

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of the names that no picture has. Raises OSError."""
        wanted = set(names)
        ours = [name for name in wanted if IMAGE_NAME.fullmatch(name)]
        days = {day for name in ours for day in _days(name)}
        rows = self._tables.all(
            f"SELECT name FROM {CAPTURES} WHERE day = ANY(%(days)s) AND name = ANY(%(names)s)",
            {"days": list(days), "names": ours},
        )
        return wanted - {row["name"] for row in rows}

    def locate(self, name: str) -> PictureRow | None:
        """Where a picture is, or None. Only names that the hub makes are looked up. Raises OSError."""
        if not IMAGE_NAME.fullmatch(name):
            return None
        found = self._tables.locate(CAPTURES, _days(name), name)
        if found is None:
            return None
        return PictureRow(self._tables, CAPTURES, found[0], name, found[1], TYPES["." + name.rpartition(".")[2]])


def day_of_capture(name: str) -> int:
    """The partition for a picture of a capture of any age, by the moment in its name."""
    day = _days(name)[0]
    return day if day <= time.time() // DAY + NEAR_DAYS else OTHER_DAY


def _day(milliseconds: int) -> int:
    return milliseconds // (DAY * 1000)


def _days(name: str) -> list[int]:
    """The partitions in which a picture of this name may be."""
    digits = name.rpartition(".")[0].rpartition("_")[2]
    return [_day(int(digits)), OTHER_DAY] if digits.isdigit() and len(digits) <= 15 else [OTHER_DAY]
