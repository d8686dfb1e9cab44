"""What this hub wants of the others."""

from __future__ import annotations

from collections import Counter

MAX_WANTED = 2000


class Topics:
    """Topics with how many parts want each, and which of them Redis has confirmed."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.confirmed: set[str] = set()
        self._announced: set[str] = set()

    def want(self, topic: str) -> bool:
        """One more part wants it; whether it is the first."""
        if topic not in self._counts and len(self._counts) >= MAX_WANTED:
            return False
        self._counts[topic] += 1
        return self._counts[topic] == 1

    def unwant(self, topic: str) -> bool:
        """One part less wants it; whether it was the last."""
        if topic not in self._counts:
            return False
        self._counts[topic] -= 1
        if self._counts[topic]:
            return False
        del self._counts[topic]
        self.confirmed.discard(topic)
        self._announced.discard(topic)
        return True

    def confirm(self, topic: str) -> bool:
        """Redis sends a topic from now on; whether it is still wanted."""
        if topic in self._counts:
            self.confirmed.add(topic)
        return topic in self._counts

    def listed(self) -> list[str]:
        """Everything that is wanted."""
        return list(self._counts)

    def announce(self, topic: str, known: bool) -> bool:
        """The other hubs know, or do not, that this one wants a topic; whether that is new."""
        if not known:
            self._announced.discard(topic)
            return False
        new = topic not in self._announced
        self._announced.add(topic)
        return new
