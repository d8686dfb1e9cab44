"""Where one consumer is in its feeds: what comes next, what was delivered, what had to be left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic

from hub.contract.errors import RequestError
from hub.store.errors import DatabaseError
from hub.store.feeds import Feed, FeedPage, Positions
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

SAVE_SECONDS = 1.0  # between two writes of the positions; after a crash so much is delivered again


class FeedCursor:
    """The position of a consumer in each feed, in memory ahead of the stored one.

    `limit`: rows of a feed that may wait; where there are more, the oldest are left out and counted.
    """

    def __init__(
        self,
        consumer: str,
        feeds: Mapping[str, Feed],
        positions: Positions,
        writer: Writer,
        limit: int,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._consumer, self._feeds, self._positions, self._writer = consumer, feeds, positions, writer
        self._limit, self._now = limit, now
        self._at: dict[str, int] = {}
        self._saved: dict[str, int] = {}
        self._saved_at = float("-inf")
        self.delivered = self.left_out = 0
        self.waiting: dict[str, int] = {}  # rows of each feed, at the last look
        self._behind: dict[str, bool] = {}  # whether there may be more rows than the last page had

    def away(self) -> None:
        """The consumer was away: count what waits before the next page."""
        self._behind.clear()

    @property
    def started(self) -> bool:
        """Whether the positions are loaded."""
        return bool(self._at) or not self._feeds

    def start(self) -> None:
        """Load the positions; a new feed begins with its next row. Raises DatabaseError, LaneBusy or StoreBusy."""
        stored = self._positions.load(self._consumer)
        found: dict[str, int] = {}
        for name, feed in self._feeds.items():
            newest = feed.newest()
            # A position ahead of the rows is of another database.
            found[name] = min(stored.get(name, newest), newest)
        self._at, self._saved = found, stored
        self.save(force=True)

    def start_new(self) -> None:
        """Begin with the next rows where no positions are stored; otherwise later, with `start`. Raises as `start`."""
        if not self._positions.load(self._consumer):
            self.start()

    def restart(self) -> None:
        """Load the positions again when they are needed: another hub may have delivered meanwhile."""
        self._at, self._saved = {}, {}
        self._behind.clear()

    def next(self, feed: str, limit: int) -> FeedPage:
        """The next items of a feed, which stay the next ones until they are `done`. Raises DatabaseError, LaneBusy."""
        if self._behind.get(feed, True):
            self._leave_out(feed)
        page = self._feeds[feed].after(self._at[feed], limit)
        self._behind[feed] = page.full
        if not page.full:
            self.waiting[feed] = page.end - self._at[feed]
        return page

    def skip(self, feed: str) -> None:
        """Go on with the next row of a feed that is stored from now on. Raises DatabaseError or LaneBusy."""
        self._at[feed] = self._feeds[feed].newest()
        self.waiting[feed] = 0
        self._behind.pop(feed, None)

    def count(self) -> None:
        """Find out how many rows of each feed wait, for `waiting`. Raises DatabaseError, LaneBusy."""
        for name, feed in self._feeds.items():
            self.waiting[name] = max(0, feed.newest() - self._at[name])

    def _leave_out(self, feed: str) -> None:
        """Find out how many rows wait, and pass over the oldest where they are too many."""
        newest = self._feeds[feed].newest()
        if newest < self._at[feed]:
            self._at[feed] = newest  # the newest rows were deleted
        waiting = newest - self._at[feed]
        if waiting > self._limit:
            left_out = waiting - self._limit
            log.warning("%d %s are not sent to %s: it was away for too long.", left_out, feed, self._consumer)
            self.left_out += left_out
            self._at[feed] += left_out
        self.waiting[feed] = newest - self._at[feed]

    def done(self, feed: str, seq: int, delivered: int = 1) -> None:
        """The rows up to `seq` were delivered, or cannot be."""
        self.waiting[feed] = max(0, self.waiting.get(feed, 0) - (seq - self._at[feed]))
        self._at[feed] = seq
        self.delivered += delivered

    def save(self, force: bool = False) -> None:
        """Store changed positions, at most once a second unless `force`, which raises StoreBusy."""
        if self._at == self._saved or (not force and self._now() - self._saved_at < SAVE_SECONDS):
            return
        at = dict(self._at)
        self._saved_at = self._now()
        try:
            self._writer.write(lambda transaction: self._positions.store(transaction, self._consumer, at))
        except StoreBusy:
            if force:
                raise
            return
        self._saved = at

    def forget(self) -> None:
        """Remove the stored positions, if that is possible now: the consumer begins anew when it is used again."""
        try:
            if self._positions.load(self._consumer):
                self._writer.write(lambda transaction: self._positions.remove(transaction, self._consumer))
        except (RequestError, DatabaseError) as error:
            log.info("The positions of %s stay: %s", self._consumer, error)
