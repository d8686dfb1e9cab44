"""Stored records for rules, in their order, whenever the hub ends.

The position in each feed is stored after what was fired for; a record that is looked at again after a crash has the
same `Happening.key`, by which it is fired for once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hub.contract.visits import ALARM_SECONDS
from hub.rules.rule import Happening, Kind
from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import FeedItem
from hub.store.salvage import READ_ERRORS

log = logging.getLogger(__name__)

STEP = 200  # records of a feed that are read at once
MAX_BEHIND = 20_000  # records of a feed; where more wait, the oldest are left out


@dataclass(frozen=True)
class Source:
    """A feed of records. `kinds`: what they may be for rules. `happenings`: what one of them is (its item, now)."""

    kinds: frozenset[Kind]
    happenings: Callable[[FeedItem, float], Iterable[Happening]]


class Intake:
    """Only feeds that a rule is about are read. `wants`: whether a rule is about a kind."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        cursor: FeedCursor,
        wants: Callable[[Kind], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sources, self._cursor, self._wants, self._now = sources, cursor, wants, now
        self.due = set(sources)  # feeds that may have something new
        self._too_old = 0

    @property
    def left_out(self) -> int:
        """Records that came too late for an alarm."""
        return self._too_old + self._cursor.left_out

    @property
    def waiting(self) -> int:
        """Records that wait, as far as is known."""
        return sum(self._cursor.waiting.get(name, 0) for name in self._read())

    def _read(self) -> list[str]:
        return [name for name, source in self._sources.items() if any(map(self._wants, source.kinds))]

    def start(self) -> None:
        """Load the positions, once; a feed that nobody reads begins with its next row.

        Raises DatabaseError, LaneBusy or StoreBusy.
        """
        if not self._cursor.started:
            self._cursor.start()
            for name in self._sources.keys() - set(self._read()):
                self._cursor.skip(name)

    def start_new(self) -> None:
        """Begin with the next rows where no positions are stored: another hub may be reading. Raises as `start`."""
        self._cursor.start_new()

    def restart(self) -> None:
        """Load the positions again when they are needed: another hub may have gone on."""
        self._cursor.restart()

    def begin(self, kind: Kind) -> None:
        """A rule about this kind is about to be made: what was stored before is not for it. Raises as `start`."""
        self.start()
        unread = self._sources.keys() - set(self._read())
        skipped = [name for name in unread if kind in self._sources[name].kinds]
        for name in skipped:
            self._cursor.skip(name)
        if skipped:
            self._cursor.save(force=True)

    def look_everywhere(self) -> None:
        """Look for records in every feed."""
        self.due = set(self._sources)

    def next(self) -> Iterator[list[Happening]]:
        """What the next records are, page by page; each page is done when the next one is asked for.

        Raises DatabaseError or LaneBusy; the same records are then the next ones again.
        """
        for name in self._read():
            while name in self.due:
                self.due.discard(name)  # what is stored while the page is read is due again
                try:
                    page = self._cursor.next(name, STEP)
                    now = self._now()
                    current = [item for item in page.items if item.received_at >= now - ALARM_SECONDS]
                    yield [each for item in current for each in self._happenings(name, item, now)]
                except BaseException:
                    self.due.add(name)
                    raise
                if page.full:
                    self.due.add(name)
                self._too_old += len(page.items) - len(current)
                self._cursor.done(name, page.end, len(current))

    def _happenings(self, name: str, item: FeedItem, now: float) -> list[Happening]:
        """What a record is, nothing where it cannot be read."""
        try:
            return list(self._sources[name].happenings(item, now))
        except READ_ERRORS as error:
            log.warning("Rules leave out a record of %s, since it cannot be read: %s", item.subject, error)
            return []

    def save(self, force: bool = False) -> None:
        """Store the positions, at most once a second unless `force`."""
        if self._cursor.started:
            self._cursor.save(force)
