"""One greenlet that looks after all open WebSockets: pings, silent peers, closes that are never answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event

from hub.websocket import frames
from hub.websocket.connection import WebSocket

Spawn = Callable[..., Any]


def plain_spawn(name: str, function: Callable[..., Any], *args: Any) -> gevent.Greenlet:
    """Stands in for the supervisor's spawn where there is none (tests, benches)."""
    return gevent.spawn(function, *args)


class Keeper:
    """Watches open WebSockets. Times in seconds.

    A peer silent for `ping_seconds` is pinged, one silent for `idle_seconds` is dropped with 1011, and a close that is
    not answered within `close_seconds` ends with the TCP connection.
    """

    def __init__(
        self, ping_seconds: float, idle_seconds: float, close_seconds: float, spawn: Spawn = plain_spawn
    ) -> None:
        self.ping_seconds = ping_seconds
        self.idle_seconds = idle_seconds
        self.close_seconds = close_seconds
        self._spawn = spawn
        self._open: set[WebSocket] = set()
        self._wake = Event()
        self._running = False
        self._stopped = False

    def __iter__(self) -> Iterator[WebSocket]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, websocket: WebSocket) -> None:
        """Look after `websocket` from now on."""
        self._open.add(websocket)
        self._wake.set()
        if not self._running and not self._stopped:
            self._running = True
            self._spawn("websocket keeper", self._run)

    def discard(self, websocket: WebSocket) -> None:
        """Forget `websocket`."""
        self._open.discard(websocket)

    def stop(self) -> None:
        """End the greenlet."""
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        tick = max(0.02, min(1.0, self.ping_seconds / 4, self.idle_seconds / 4, self.close_seconds / 4))
        try:
            while not self._stopped:
                if not self._open:
                    self._wake.clear()
                    self._wake.wait()
                gevent.sleep(tick)
                now = monotonic()
                for websocket in tuple(self._open):
                    self._look(websocket, now)
        finally:
            self._running = False

    def _look(self, websocket: WebSocket, now: float) -> None:
        if websocket.deadline is not None:
            if now > websocket.deadline:
                websocket.lost(frames.LOST, "the close was not answered")
            return
        if websocket.closed:
            return
        if not websocket.receiving:
            return  # pongs lie unread, so silence says nothing about the peer
        if websocket.pinged < websocket.heard:
            if now - websocket.heard > self.ping_seconds:
                websocket.ping()
                return
        elif now - websocket.pinged > self.idle_seconds - self.ping_seconds:
            # Counted from when the ping went out: behind a large message to a slow peer that may be much later.
            websocket.give_up(frames.INTERNAL_ERROR, f"no sign of life for {self.idle_seconds:g} s")
            return
        websocket.flush_controls()
