"""Reads stored captures, detections and corrections in their order, each once, as evidence for visits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.contract.visits import CAPTURE, DETECTION
from hub.runtime.time_slice import TimeSlice
from hub.store.backend import Row
from hub.store.corrected import CAPTURE as CAPTURE_COLUMN
from hub.store.corrected import CORRECTIONS, Corrected
from hub.store.corrected import DETECTION as DETECTION_COLUMN
from hub.store.feeds import Feed, FeedItem, RowFeed
from hub.store.reader import Reader
from hub.store.salvage import READ_ERRORS
from hub.visits.checkpoints import Checkpoint, Checkpoints
from hub.visits.evidence import Evidence, of_capture, of_detection

log = logging.getLogger(__name__)

STEP = 200  # rows of each feed that are read at once
MAX_BEHIND = 100_000
CAPTURES, DETECTIONS, MADE = "captures", "detections", "corrections"


@dataclass
class Batch:
    """What came next. `ends`: the positions after it. `more`: whether there is more."""

    records: list[tuple[Evidence, Checkpoint]] = field(default_factory=list)
    corrections: list[dict[str, Any]] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    more: bool = False


def correction_feed(reader: Reader) -> RowFeed:
    """Every correction, with `kind`, `id`, `index`, `value` and `who`."""

    def show(row: Row) -> FeedItem:
        kind = CAPTURE if row["capture_seq"] is not None else DETECTION
        body = {
            "kind": kind,
            "id": row["record_id"],
            "index": row["position"],
            "value": row["value"],
            "who": row["who"],
        }
        return FeedItem(row["seq"], kind, row["received_at"], body)

    return RowFeed(reader, CORRECTIONS, show)


class Intake:
    """`positions` is how far each feed was read. `prefix`: what the addresses of stored pictures begin with."""

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        corrected: Corrected,
        checkpoints: Checkpoints,
        prefix: str,
        late_seconds: float,
    ) -> None:
        self._feeds, self._corrected, self._checkpoints = feeds, corrected, checkpoints
        self._prefix, self._late_seconds = prefix, late_seconds
        self.positions: dict[str, int] = {}
        self.due = set(feeds)  # feeds that may have something new
        self.left_out = self.unreadable = 0

    def start(self, stored: dict[str, int]) -> None:
        """Go on from stored positions; a new feed begins with its next row. Raises DatabaseError or LaneBusy."""
        found = {}
        for name, feed in self._feeds.items():
            newest = feed.newest()
            # A position ahead of the rows is of another database.
            found[name] = min(stored.get(name, newest), newest)
            if newest - found[name] > MAX_BEHIND:
                self.left_out += newest - MAX_BEHIND - found[name]
                log.warning("%d stored %s are too many to join to visits; the newest are.", newest - found[name], name)
                found[name] = newest - MAX_BEHIND
        self.positions = found

    def next(self) -> Batch:
        """The next rows of the feeds that are due. Raises DatabaseError or LaneBusy."""
        batch = Batch()
        names, self.due = self.due, set()
        try:
            self._read(batch, names)
        except BaseException:
            self.due |= names
            raise
        return batch

    def _read(self, batch: Batch, names: set[str]) -> None:
        time_slice = TimeSlice()
        for name, feed in self._feeds.items():
            if name not in names:
                continue
            page = feed.after(self.positions[name], STEP)
            if page.full:
                self.due.add(name)
            batch.ends[name] = page.end
            batch.more = batch.more or page.full
            if name == MADE:
                batch.corrections = [item.body for item in page.items]
            elif page.items:
                column = CAPTURE_COLUMN if name == CAPTURES else DETECTION_COLUMN
                values = self._corrected.current(column, [item.seq for item in page.items])
                for item in page.items:
                    self._add(batch, name, item, values)
                    time_slice.check()

    def again(self, batch: Batch) -> None:
        """The rows of a batch could not be stored as visits: they are the next ones again."""
        self.due |= batch.ends.keys()

    def look_everywhere(self) -> None:
        """Look for rows in every feed."""
        self.due = set(self._feeds)

    def done(self, batch: Batch) -> None:
        """The rows of a batch are stored as visits."""
        self.positions.update(batch.ends)

    def _add(self, batch: Batch, name: str, item: FeedItem, values: Mapping[tuple[int, int], str]) -> None:
        try:
            if name == CAPTURES:
                evidence: Evidence | None = of_capture(item.body, values.get((item.seq, 0)), self._prefix)
                own = ""
            else:
                own = str(item.body["checkpoint_id"] or "")
                corrected = {index: value for (seq, index), value in values.items() if seq == item.seq}
                evidence = of_detection(item.body, corrected, self._prefix)
        except READ_ERRORS as error:
            self.unreadable += 1
            log.warning("A record of %s is left out of visits, since it cannot be read: %s", item.subject, error)
            return
        if evidence is None:
            return
        checkpoint = self._checkpoints.of(evidence.kind, evidence.device, own)
        late = evidence.received_at - evidence.at > self._late_seconds
        batch.records.append((replace(evidence, facing=checkpoint.facing, late=late), checkpoint))
