"""The interface of relays: what pulses a barrier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class RelayError(Exception):
    """The relay did not do what it was asked; the text says why, for operators.

    `sent`: whether the wish may have reached it all the same, so that the barrier may have opened.
    """

    def __init__(self, reason: str, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent


class Relay(Protocol):
    """One relay. Its methods wait on gevent's sockets; whoever calls them limits the time and may kill the greenlet.

    Each sends once, over a connection of its own, and closes it. Each raises RelayError.
    """

    target: str  # where it is, for people, without secrets
    ends_pulse: bool  # whether the hub has to end a pulse

    def open(self, values: Mapping[str, str]) -> None:
        """Begin a pulse; returns when the relay has acknowledged it. `values`: of placeholders."""

    def release(self, values: Mapping[str, str]) -> None:
        """End a pulse, where `ends_pulse`."""
