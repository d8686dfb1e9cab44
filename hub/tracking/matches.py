"""Stored matches of persons: kept where the setting allows it, listed, and deleted with their person for good."""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import gevent

from hub.contract.errors import Conflict, RequestError
from hub.contract.times import EARLIEST, LATEST, utc_text
from hub.runtime.key_throttle import KeyThrottle
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.write_behind import QueueLimits, WriteBehind
from hub.store.writer import StoreBusy, Writer
from hub.tracking.repository import DELETIONS, MATCHES, MatchRepository, Query

log = logging.getLogger(__name__)

LIMITS = QueueLimits(rows=2000, bytes=16 * 1024 * 1024, batch_rows=100, batch_bytes=1024 * 1024)
NO_ROOM = "no room on the disk"
ROW_BYTES = 500  # of a pending row without its crop
MAX_CROP_BYTES = 32 * 1024
MAX_TEXT = 200  # characters of a session id or source
SECONDS_BETWEEN = 1.0  # two stored matches of the same track
MAX_TRACKS = 10_000  # tracks whose next due time is kept
MAX_DELETIONS = 100_000
DELETE_SECONDS = 10.0  # that a request waits for; the rest is deleted in the background
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Match:
    """A sighting of a person in a frame.

    `person`: the id inside the embedding. `source`: a camera's id, a source's name, or "frames" for frames that the
    client sent. `box`: x1, y1, x2, y2 in pixels of the frame, `width` x `height`. `crop`: a JPEG, or None.
    """

    person: str
    session_id: str
    track: int
    source: str
    received_at: float
    box: tuple[float, float, float, float]
    width: int
    height: int
    distance: float
    confidence: float
    crop: bytes | None = None


class KeptMatches:
    """`add()` never blocks; `run()` writes and finishes deletions. Deleting works whether matches are kept or not."""

    def __init__(
        self,
        writer: Writer,
        repository: MatchRepository,
        enabled: bool,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = monotonic,
        admits: Callable[[int], bool] = lambda size: True,
    ) -> None:
        """`now`: wall time of deletions. `clock`: of thinning. `admits`: whether the disk has room for a match."""
        self._admits = admits
        self._writer, self._repository, self.enabled = writer, repository, enabled
        self._now, self._clock = now, clock
        self._queue: WriteBehind[dict[str, Any]] = WriteBehind(
            "matches of persons", writer, repository.insert_job, LIMITS, clock
        )
        self._throttle = KeyThrottle(SECONDS_BETWEEN, MAX_TRACKS, clock)
        self._deleted: dict[str, float] = {}  # person -> when, 0.0 where the stored time cannot be read
        self._unfinished = False  # whether matches of deleted persons may still be stored
        self.deleted = self.without_crop = 0

    def load(self) -> None:
        """Load the ids of every deleted person, those with an unreadable time as well."""
        rows = self._repository.unreadable.fetch(self._repository.deletions, DELETIONS)
        self._repository.unreadable.readable(rows, dict, DELETIONS, keep=True)  # counts those that cannot be read
        self._deleted = {row["person"]: _moment(row) for row in rows if isinstance(row["person"], str)}
        self._unfinished = bool(self._deleted)

    def add(self, match: Match) -> None:
        """Queue a match where matches are kept: one a second of each track, none of a deleted person."""
        if not self.enabled or match.person in self._deleted:
            return
        if not self._throttle.due((match.session_id, match.person, match.track)):
            return
        crop = match.crop
        if crop is not None and len(crop) > MAX_CROP_BYTES:
            self.without_crop += 1
            crop = None
        if not all(math.isfinite(number) for number in (*match.box, match.distance, match.confidence)):
            self._queue.lose(1, "not storable")
            return
        size = ROW_BYTES + len(crop or b"")
        if self._admits(size):
            self._queue.add(_row(match, crop), size)
        else:
            self._queue.lose(1, NO_ROOM)

    def flush(self) -> None:
        """Write the pending matches. Raises StoreBusy; they then stay pending."""
        self._queue.flush()

    def run(self) -> None:
        """The writing greenlet."""
        self._queue.run()

    def run_deletions(self) -> None:
        """The greenlet that finishes deletions which a crash, a time limit or a busy store cut short."""
        while True:
            if self._unfinished:
                try:
                    self._finish_deletions()
                except (RequestError, DatabaseError) as error:
                    log.warning("Matches of deleted persons wait to be deleted: %s", error)
            gevent.sleep(RETRY_SECONDS)

    def _finish_deletions(self) -> None:
        """Delete what is left of deleted persons. Raises Unavailable or DatabaseError."""
        while person := self._repository.deleted_with_matches():
            number = self._delete_stored(person)
            log.info("%d stored matches of a deleted person were deleted later.", number)
        self._unfinished = False

    def close(self) -> None:
        """Write the pending matches."""
        self._queue.close()

    def is_deleted(self, person: str) -> float | None:
        """When a person was deleted, in epoch seconds (0.0 where that cannot be read); None for one that was not."""
        return self._deleted.get(person)

    def delete_person(self, person: str) -> int:
        """Refuse a person's embeddings from now on and delete its matches; how many were deleted.

        The deletion is durable before the first match is deleted, and it may be repeated. What is left after
        DELETE_SECONDS is deleted in the background (`deleting`). Raises StoreBusy, or Conflict where there are
        MAX_DELETIONS already.
        """
        if person not in self._deleted and len(self._deleted) >= MAX_DELETIONS:
            raise Conflict(
                f"The hub remembers {MAX_DELETIONS} deleted persons, which is all it can, so this one was not deleted. "
                "Stored matches are deleted after tracking.keep_days; set it lower to be rid of them sooner."
            )
        with self._queue.lock:  # no row of this person is being written
            moment = self._now()
            self._writer.write(self._repository.deletion_job(person, moment))
            self._deleted.setdefault(person, moment)
            pending = self._queue.discard(lambda row: bool(row["person"] == person))
        self.deleted += pending
        number = pending + self._delete_stored(person, self._clock() + DELETE_SECONDS)
        log.info("A person was deleted, with %d stored matches.", number)
        return number

    def _delete_stored(self, person: str, end: float = math.inf) -> int:
        """Delete a person's matches in chunks until the time `end`; how many. Raises StoreBusy.

        `deleting` is true afterwards where some may be left.
        """
        number = 0
        try:
            while deleted := self._writer.write(self._repository.delete_job(person)):
                number += deleted
                if self._clock() > end:
                    self._unfinished = True
                    break
        except StoreBusy:
            self._unfinished = True
            raise
        finally:
            self.deleted += number
        return number

    @property
    def deleting(self) -> bool:
        """Whether matches of deleted persons may still be stored."""
        return self._unfinished

    def newest(
        self, person: str | None = None, session: str | None = None, cursor: int | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Matches as shown, newest first, pending ones among them; the cursor of the older ones. Raises Unavailable."""
        with suppress(StoreBusy):  # stored matches are found all the same
            self.flush()
        rows = self._repository.page(Query(limit, cursor, person, session))
        return offload(self._repository.unreadable.page, rows, limit, _shown, MATCHES)

    def count(self, person: str | None = None, session: str | None = None) -> int | None:
        """How many matches are stored; None for more than repository.MAX_COUNTED. Raises Unavailable."""
        return self._repository.count(Query(person=person, session=session))

    def crop(self, match_id: str) -> bytes | None:
        """The JPEG of a match; None where there is no such match, or none with a crop. Raises Unavailable."""
        with suppress(StoreBusy):
            self.flush()
        row = self._repository.crop(match_id)
        if row is None:
            return None
        found = self._repository.unreadable.readable([row], lambda row: row["crop"], MATCHES)
        return found[0] if found else None

    def counts(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "kept": self.enabled,
            **self._queue.status(),
            "not_stored_by": dict(self._queue.lost_by),
            "thinned": self._throttle.refused,
            "without_crop": self.without_crop,
            "deleted": self.deleted,
            "deleted_persons": len(self._deleted),
        }

    def warnings(self) -> list[str]:
        """A sentence for the operator while matches are not stored."""
        if not self._queue.losing or self._queue.lost == self._queue.lost_by[NO_ROOM]:
            return []
        return [
            f"Matches of persons arrive faster than they can be stored: {self._queue.lost} since the start were shown "
            "to the clients that follow them, but not stored. Close some tracking sessions, or check the disk."
        ]


def _row(match: Match, crop: bytes | None) -> dict[str, Any]:
    """The columns of a match, with a new id."""
    x1, y1, x2, y2 = match.box
    return {
        "id": str(uuid.uuid4()),
        "person": match.person,
        "session_id": match.session_id[:MAX_TEXT],
        "source": match.source[:MAX_TEXT],
        "received_at": match.received_at,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "width": match.width,
        "height": match.height,
        "distance": match.distance,
        "confidence": match.confidence,
        "crop_size": len(crop or b""),
        "crop": crop,
    }


def _shown(row: Row) -> dict[str, Any]:
    """A match as the API shows it; the names of the box are those of tracking messages."""
    return {
        "id": row["id"],
        "person": row["person"],
        "session_id": row["session_id"],
        "source": row["source"],
        "received_at": utc_text(row["received_at"]),
        "bbox": [row["x1"], row["y1"], row["x2"], row["y2"]],
        "bbox_format": "xyxy",
        "image_width": row["width"],
        "image_height": row["height"],
        "distance": row["distance"],
        "confidence": row["confidence"],
        "crop": f"/api/tracking/matches/{row['id']}/crop" if row["crop_size"] else None,
    }


def _moment(row: Row) -> float:
    """When a person was deleted; 0.0 where that cannot be read."""
    moment = row["deleted_at"]
    return float(moment) if isinstance(moment, (int, float)) and EARLIEST < moment < LATEST else 0.0
