"""Captures as records that expire, with their tags and picture files."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import bindparam, false, or_, select, true, update

from hub.runtime.lanes import Lane
from hub.settings.model import Settings
from hub.station.contract.capture import KINDS
from hub.station.repository import CAPTURES
from hub.station.tables import Capture
from hub.store.backend import Backend, Row
from hub.store.expiring import Belongings, Expiring
from hub.store.images import NAME
from hub.store.pace import PacedWriter
from hub.store.picture_store import CapturePictures
from hub.store.reader import Reader
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

IMAGE_COLUMNS = tuple(f"{kind}_image" for kind in KINDS)
MILLISECONDS = re.compile(r"_(\d{1,15})\.\w+$")
NEAR_SECONDS = 2.0  # a name is the first free one from the capture's own millisecond on
FILES_AT_ONCE = 200
COUNTED_AT_ONCE = 100


def expiring_captures(settings: Settings, belongings: Belongings | None = None) -> Expiring:
    """What `hub.retention` needs to know of captures."""
    days = settings.retention.capture_days
    return Expiring("captures", CAPTURES, days, "retention.capture_days", max_rows=200, belongings=belongings)


class CaptureBelongings:
    """The picture files of captures; their tags go by the foreign key. Implements `hub.store.expiring.Belongings`."""

    columns = IMAGE_COLUMNS

    def __init__(
        self,
        backend: Backend,
        reader: Reader,
        writer: Writer,
        images: CapturePictures,
        lane: Lane,
        on_expired: Callable[[int], None],
    ) -> None:
        self._reader, self._images, self._lane, self._on_expired = reader, images, lane, on_expired
        self._steps = PacedWriter(writer, FILES_AT_ONCE)
        self._counted = {False: 0, True: 0}  # `protected` -> the last row whose pictures were counted
        named = or_(*(CAPTURES.columns[name] == bindparam("name") for name in IMAGE_COLUMNS))
        near = Capture.captured_at.between(bindparam("earliest"), bindparam("latest"))
        self._find_user = backend.compile(select(Capture.seq).where(near, named)).sql
        counted = update(CAPTURES).where(Capture.seq == bindparam("row"), Capture.picture_bytes.is_(None))
        self._set_bytes = backend.compile(counted.values(picture_bytes=bindparam("size"))).sql

    def release(self, transaction: Transaction, rows: Sequence[Row]) -> dict[str, int]:
        """The picture files of captures that are being deleted; links to other machines are none."""
        return {row[name]: 0 for row in rows for name in IMAGE_COLUMNS if self.owns(row[name])}

    def expired(self, records: int) -> None:
        self._on_expired(records)

    def owns(self, name: object) -> bool:
        return isinstance(name, str) and NAME.fullmatch(name) is not None

    def reclaim(self, names: Sequence[str]) -> list[str]:
        """Delete files that no other capture names: the same picture sent twice is one file."""
        done: list[str] = []
        place = 0
        while place < len(names):
            some = names[place : place + self._steps.items]
            done += self._steps.write(partial(self._remove, some))
            place += len(some)
        self._lane.run(self._images.tidy)
        return done

    def _remove(self, names: Sequence[str], transaction: Transaction) -> list[str]:
        """The job that deletes files; those that are finished. One that another program holds stays for later."""
        done = []
        for name in names:
            try:
                if not self._is_used(transaction, name):
                    self._images.remove(transaction, name)
            except OSError as error:
                log.debug("%s cannot be deleted yet: %s", name, error)
                continue
            done.append(name)
        return done

    def _is_used(self, transaction: Transaction, name: str) -> bool:
        match = MILLISECONDS.search(name)
        if match is None:
            return True
        moment = int(match[1]) / 1000
        values = {"name": name, "earliest": moment - NEAR_SECONDS, "latest": moment + NEAR_SECONDS}
        return transaction.one(self._find_user, values) is not None

    def count_pictures(self) -> int:
        """Fill in `picture_bytes` of some captures of older versions; how many."""
        for protected in (False, True):
            rows = self._uncounted(protected)
            if rows:
                sizes = self._lane.run(self._sizes, rows)
                self._steps.write(partial(Transaction.execute_many, sql=self._set_bytes, params=sizes))
                self._counted[protected] = rows[-1]["seq"]
                return len(rows)
        return 0

    def _uncounted(self, protected: bool) -> list[Row]:
        flag = true() if protected else false()
        some = select(Capture.seq).where(
            Capture.protected == flag, Capture.seq > self._counted[protected], Capture.picture_bytes.is_(None)
        )
        seqs = [row["seq"] for row in self._reader.all(some.order_by(Capture.seq).limit(COUNTED_AT_ONCE))]
        if not seqs:
            return []
        columns = (CAPTURES.columns[name] for name in IMAGE_COLUMNS)
        return self._reader.all(select(Capture.seq, *columns).where(Capture.seq.in_(seqs)).order_by(Capture.seq))

    def _sizes(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """On a native thread: the bytes of each row's files."""
        made = []
        for row in rows:
            found = [self._images.locate(row[name]) for name in IMAGE_COLUMNS if self.owns(row[name])]
            made.append({"row": row["seq"], "size": sum(picture.size for picture in found if picture is not None)})
        return made


def capture_pictures(row: Mapping[str, Any]) -> list[str]:
    """The names of a capture's pictures that the hub has stored."""
    return [row[name] for name in IMAGE_COLUMNS if isinstance(row[name], str) and NAME.fullmatch(row[name])]
