"""What waits for one game: every reading while the game keeps up, the newest of each board and tag when it does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from hub.websocket.connection import Prepared

JOIN_BYTES = 16 * 1024  # at most this much goes out in one send; a larger one would mistake a slow line for a dead one


class GameQueue:
    """At most `limit` framed readings. It falls behind when it is full, and has caught up when it is empty again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._all: deque[tuple[Hashable, Prepared]] = deque()
        self._newest: dict[Hashable, Prepared] = {}  # used instead of `_all` while the game is behind, oldest first
        self.behind = False

    def __len__(self) -> int:
        return len(self._newest) if self.behind else len(self._all)

    def put(self, key: Hashable, frame: Prepared) -> int:
        """Add a reading; `key` is its board and tag. How many older ones it pushed out."""
        if not self.behind:
            if len(self._all) < self._limit:
                self._all.append((key, frame))
                return 0
            return self._fall_behind() + self.put(key, frame)
        pushed_out = 0
        if self._newest.pop(key, None) is not None:
            pushed_out = 1
        elif len(self._newest) >= self._limit:
            del self._newest[next(iter(self._newest))]
            pushed_out = 1
        self._newest[key] = frame
        return pushed_out

    def take(self) -> list[Prepared]:
        """The oldest readings, as many as go out in one send. Empty when nothing waits."""
        frames: list[Prepared] = []
        size = 0
        while len(self) and (not frames or size < JOIN_BYTES):
            frame = self._pop()
            frames.append(frame)
            size += len(frame)
        return frames

    def clear(self) -> int:
        """Throw away what waits; how many that were."""
        waiting = len(self)
        self._all.clear()
        self._newest.clear()
        self.behind = False
        return waiting

    def _pop(self) -> Prepared:
        if not self.behind:
            return self._all.popleft()[1]
        frame = self._newest.pop(next(iter(self._newest)))
        self.behind = bool(self._newest)
        return frame

    def _fall_behind(self) -> int:
        waiting = len(self._all)
        for key, frame in self._all:
            self._newest.pop(key, None)
            self._newest[key] = frame
        self._all.clear()
        self.behind = True
        return waiting - len(self._newest)
