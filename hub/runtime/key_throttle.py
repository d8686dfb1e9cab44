"""A throttle for records of many sources: at most one in so many seconds of each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic


class KeyThrottle:
    """`due(key)` is true at most once in `seconds` for each key; 0 seconds: always.

    Bounded in number: the key that was due longest ago is dropped, and is then due at once.
    """

    def __init__(self, seconds: float, max_keys: int, now: Callable[[], float] = monotonic) -> None:
        self._seconds, self._max, self._now = seconds, max_keys, now
        self._next: OrderedDict[Hashable, float] = OrderedDict()
        self.refused = 0

    def due(self, key: Hashable) -> bool:
        """Whether this key is due now; it is due again `seconds` later."""
        if not self._seconds:
            return True
        now = self._now()
        if now < self._next.get(key, now):
            self.refused += 1
            return False
        self._next[key] = now + self._seconds
        self._next.move_to_end(key)
        if len(self._next) > self._max:
            self._next.popitem(last=False)
        return True
