"""Keep-alive for all open WebSockets in one greenlet: pings, dead peers, closes that are never answered."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Protocol

import gevent
from gevent.event import Event

from hub.runtime.spawn import Spawn, plain_spawn
from hub.runtime.time_slice import TimeSlice
from hub.runtime.turns import Turns
from hub.websocket import frames

__all__ = ["KeepAliveMonitor", "Spawn", "plain_spawn"]


class WatchedSocket(Protocol):
    """What the monitor needs of `hub.websocket.connection.WebSocket`. Times are monotonic seconds."""

    closed: bool
    receiving: bool
    close_deadline: float | None

    @property
    def last_received(self) -> float: ...

    @property
    def last_ping(self) -> float: ...

    def overdue(self, now: float) -> str | None: ...

    def ping(self) -> None: ...

    def flush_controls(self) -> None: ...

    def close(self, code: int = ..., reason: str = ...) -> None: ...

    def abort(self, code: int, reason: str) -> None: ...

    def drop(self, code: int, reason: str) -> None: ...


class KeepAliveMonitor:
    """Watches open WebSockets. Times in seconds.

    A peer silent for `ping_seconds` is pinged, one silent for `idle_seconds` is dropped with 1011, one that does not
    finish a message in time with 1008, whatever pongs it sends, and a close that is not answered within `close_seconds`
    ends with the TCP connection. `unfinished` counts the peers that did not finish a message.
    """

    def __init__(
        self, ping_seconds: float, idle_seconds: float, close_seconds: float, spawn: Spawn = plain_spawn
    ) -> None:
        self.ping_seconds = ping_seconds
        self.idle_seconds = idle_seconds
        self.close_seconds = close_seconds
        self._spawn = spawn
        self._open: set[WatchedSocket] = set()
        self._wake = Event()
        self._running = False
        self._stopped = False
        self._time_slice = TimeSlice()
        self.ends = Turns()  # of connections that end: thousands may be lost together
        self.unfinished = 0

    def __iter__(self) -> Iterator[WatchedSocket]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, websocket: WatchedSocket) -> None:
        """Watch `websocket` from now on."""
        self._open.add(websocket)
        self._wake.set()
        if not self._running and not self._stopped:
            self._running = True
            self._spawn("websocket keeper", self._run)

    def discard(self, websocket: WatchedSocket) -> None:
        """Stop watching `websocket`."""
        self._open.discard(websocket)

    def stop(self) -> None:
        """End the greenlet."""
        self._stopped = True
        self._wake.set()
        if not len(self.ends):
            self.ends.close()

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
                    self._check(websocket, now)
                    self._time_slice.check()  # after a restart of the hub thousands are due at once
        finally:
            self._running = False

    def _check(self, websocket: WatchedSocket, now: float) -> None:
        if websocket.close_deadline is not None:
            if now > websocket.close_deadline:
                websocket.abort(frames.ABNORMAL_CLOSURE, "the close was not answered")
            return
        if websocket.closed:
            return
        if not websocket.receiving:
            return  # pongs are not being read, so silence does not mean that the peer is dead
        if (reason := websocket.overdue(now)) is not None:
            self.unfinished += 1
            websocket.drop(frames.POLICY_VIOLATION, reason)
            return
        if websocket.last_ping < websocket.last_received:
            if now - websocket.last_received > self.ping_seconds:
                websocket.ping()
                return
        elif now - websocket.last_ping > self.idle_seconds - self.ping_seconds:
            # Counted from when the ping went out: behind a large message to a slow peer that may be much later.
            websocket.drop(frames.INTERNAL_ERROR, f"no sign of life for {self.idle_seconds:g} s")
            return
        websocket.flush_controls()
