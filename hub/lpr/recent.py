"""How long ago a record without any time or id was stored: by the monotonic clock, since the wall clock may be set."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from hub.store.transaction import Transaction

MAX_KEYS = 20_000


class RecentKeys:
    """Idempotency keys of this run of the hub and when each was stored. Used on the writer's thread alone."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self._stored: OrderedDict[bytes, tuple[float, float]] = OrderedDict()  # monotonic and wall time

    def add(self, key: bytes, received_at: float, transaction: Transaction) -> None:
        """A record with this key and wall time is being stored."""
        transaction.on_failure.append(partial(self._restore, key, self._stored.get(key)))
        self._stored[key] = self._monotonic(), received_at
        self._stored.move_to_end(key)
        if len(self._stored) > MAX_KEYS:
            self._stored.popitem(last=False)

    def _restore(self, key: bytes, before: tuple[float, float] | None) -> None:
        if before is None:
            self._stored.pop(key, None)
        else:
            self._stored[key] = before

    def age(self, key: bytes, received_at: float, stored_at: object) -> float:
        """Seconds since the record with this key was stored, which the database has with the time `stored_at`.

        Of a record of an earlier run only the wall time is known; one in the future was stored before the start at
        the latest.
        """
        now = self._monotonic()
        stored = self._stored.get(key)
        if stored is not None and stored[1] == stored_at:
            return now - stored[0]
        age = received_at - stored_at if isinstance(stored_at, (int, float)) else -1.0
        return age if age >= 0 else now - self._started
