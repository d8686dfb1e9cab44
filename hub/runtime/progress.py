"""The deadline of something that a peer sends in pieces: it must be complete in time, or come fast enough."""

from __future__ import annotations

MIN_BYTES_PER_SECOND = 32 * 1024


class Progress:
    """Watches one unfinished message at a time. Times are monotonic seconds.

    What has begun must be complete `seconds` later, or have brought at least MIN_BYTES_PER_SECOND in that time; a large
    one has as long again, under the same rule. Whoever receives adds to `bytes`.
    """

    __slots__ = ("seconds", "bytes", "_since", "_bytes_before")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.bytes = self._bytes_before = 0
        self._since: float | None = None

    def begin(self, now: float) -> None:
        """Start the deadline; no effect while it runs."""
        if self._since is None:
            self._since = now
            self.bytes = self._bytes_before = 0

    def end(self) -> None:
        """Stop the deadline: everything has arrived."""
        self._since = None

    def overdue(self, now: float) -> bool:
        """Whether the deadline has passed. To be called every second or so."""
        if self._since is None or now - self._since < self.seconds:
            return False
        if self.bytes - self._bytes_before < self.seconds * MIN_BYTES_PER_SECOND:
            return True
        self._since, self._bytes_before = now, self.bytes
        return False
