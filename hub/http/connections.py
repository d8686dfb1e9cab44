"""The open connections of a server: a limit for all, a share for each address, idle ones that give way.

A share does not keep one address from opening connections as fast as it likes; it keeps it from using up those of
everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import gevent

from hub.access.networks import is_loopback

# This share of all connections is left to addresses with few of them.
RESERVE_DIVISOR = 10
FEW = 20
FULL = "The hub has as many connections as it may have; try again in a moment."
SHARE_FULL = "The hub has as many connections of this address as one may have; close some, or try again in a moment."


class Connection(Protocol):
    """What is needed of `hub.http.connection.ConnectionHandler`."""

    peer_address: str
    greenlet: gevent.Greenlet[..., Any]

    @property
    def idle(self) -> bool: ...

    def has_input(self) -> bool: ...


class Connections:
    """What `hub.http.server.HubServer` serves now."""

    def __init__(self, limit: int, per_address: int, proxy: str = "") -> None:
        """`proxy`: the address whose connections are those of many senders; it has no share."""
        self.limit = limit
        self.refused = self.closed_idle = 0
        self._per_address, self._proxy = per_address, proxy
        self._reserve = limit // RESERVE_DIVISOR
        self._few = min(FEW, self._reserve)
        self._handlers: dict[str, dict[Connection, None]] = {}  # by address
        self._idle: dict[Connection, None] = {}  # between two requests, the one idle longest first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Connection]:
        return iter([handler for handlers in self._handlers.values() for handler in handlers])

    def reason_to_refuse(self, address: str) -> str | None:
        """The sentence for a new connection that finds no place, even after an idle one was closed; else None."""
        full = self._count >= self.limit
        own = len(self._handlers.get(address, ()))
        if own >= self._share(address, own):
            has_place = self._close_idle_of(address)
        else:
            has_place = not full or self._close_idle()
        if has_place:
            return None
        self.refused += 1
        return FULL if full else SHARE_FULL

    def _share(self, address: str, own: int) -> int:
        """How many connections an address may have now; `own` is how many it has."""
        if address == self._proxy:
            return self.limit
        share = self.limit if is_loopback(address) else self._per_address
        if own >= self._few and self._count >= self.limit - self._reserve:
            return min(share, own)
        return share

    def add(self, handler: Connection) -> None:
        """Count a connection that is served from now on."""
        self._handlers.setdefault(handler.peer_address, {})[handler] = None
        self._count += 1

    def remove(self, handler: Connection) -> None:
        """Count a connection no more; without effect for one that has given way."""
        self._idle.pop(handler, None)
        handlers = self._handlers.get(handler.peer_address, {})
        if handler not in handlers:
            return
        del handlers[handler]
        self._count -= 1
        if not handlers:
            del self._handlers[handler.peer_address]

    def set_idle(self, handler: Connection) -> None:
        """The connection waits for its next request."""
        self._idle[handler] = None

    def set_busy(self, handler: Connection) -> None:
        """The connection has a request."""
        self._idle.pop(handler, None)

    def _close_idle(self) -> bool:
        """Close an idle connection of the address with most connections, else the one that is idle longest."""
        greediest = max(self._handlers, key=lambda address: len(self._handlers[address]))
        return self._close_idle_of(greediest) or self._close_idle_of(None)

    def _close_idle_of(self, address: str | None) -> bool:
        """Close the connection of `address` (None: of any) that is idle longest; False when it has none."""
        for handler in self._idle:
            if (address is None or handler.peer_address == address) and handler.idle and not handler.has_input():
                self.remove(handler)
                self.closed_idle += 1
                handler.greenlet.kill(block=False)
                return True
        return False

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "connections": self._count,
            "max_connections": self.limit,
            "refused": self.refused,
            "closed_idle": self.closed_idle,
            "addresses": len(self._handlers),
            "most_of_one_address": max((len(handlers) for handlers in self._handlers.values()), default=0),
        }
