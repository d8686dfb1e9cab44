"""Debounce and presence: which sightings of a tag are new events (docs/wire/station.md, "RFID reader")."""

from collections import OrderedDict
from collections.abc import Iterable


class TagPresence:
    """Tracks the tags in the field. Not thread-safe: only the reader's thread uses it.

    A sighting is a new event if the tag was absent for `present_window_seconds` (every sighting extends its presence)
    and its last event is at least `debounce_seconds` ago. Times are time.monotonic() seconds.
    """

    # More tags than any antenna sees at once; only a flood of false tags reaches it.
    LIMIT = 4096

    def __init__(self, debounce_seconds: float, present_window_seconds: float) -> None:
        self._debounce = debounce_seconds
        self._window = present_window_seconds
        self._tags: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tags)

    def seen(self, tag: str, mono: float) -> bool:
        """Record a sighting; True if it is a new event."""
        self._expire(mono)
        last_seen, last_event = self._tags.pop(tag, (float("-inf"), float("-inf")))
        is_new = mono - last_seen >= self._window and mono - last_event >= self._debounce
        self._tags[tag] = (mono, mono if is_new else last_event)
        if len(self._tags) > self.LIMIT:
            self._tags.popitem(last=False)
        return is_new

    def resume(self, since: float, now: float, limit: float) -> None:
        """Go on after nothing was heard from `since` to `now`, because the reader could not be reached.

        A tag that was present at `since` counts as seen at `now`: whether it left meanwhile is not known, and its
        vehicle would have two captures. Not after more than `limit` seconds.
        """
        if now - since > limit:
            return
        for tag, (last_seen, last_event) in self._tags.items():
            if since - last_seen < self._window:
                self._tags[tag] = (now, last_event)

    def restore(self, tags: Iterable[str], now: float) -> None:
        """Take tags that an earlier run of the agent has seen as seen at `now`."""
        for tag in tags:
            self._tags[tag] = (now, float("-inf"))

    def _expire(self, mono: float) -> None:
        """Drop tags to which no rule applies any more; the oldest sighting is always first."""
        keep = max(self._debounce, self._window)
        while self._tags:
            tag, (last_seen, _) = next(iter(self._tags.items()))
            if mono - last_seen <= keep:
                return
            del self._tags[tag]
