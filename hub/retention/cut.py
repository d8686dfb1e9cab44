"""Which rows of a kind expire now: up to a place in the order of arrival, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """Rows before `until` that were received before `before`, and every row before `full`; protected ones never.

    `until` and `full` are sequence numbers, in the order of arrival: a row that was received while the clock was wrong
    expires after those that arrived earlier. `before` is in epoch seconds.
    """

    before: float = 0.0
    until: int = 0
    full: int = 0

    @property
    def end(self) -> int:
        """No row from this sequence number on expires."""
        return max(self.until, self.full)


@dataclass(frozen=True)
class Share:
    """What a kind gives up: rows, bytes of their pictures, and bytes of both with the estimated rows."""

    records: int = 0
    picture_bytes: int = 0
    bytes: int = 0
