"""Who watches live pictures, and when each may have the next one.

A viewer gets a frame only when the one before has left this machine for good. So the line to it never holds more than one
frame, a slow one skips frames instead of falling behind, and it costs no memory. One that needs more than `stall_seconds`
for a single frame cannot be shown anything recent and is disconnected; pages connect again by themselves.
"""

from __future__ import annotations

import logging
import socket as std_socket
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent

from .contract.errors import ContractError
from .send_queue import unread_bytes, unsent_bytes

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.004, 0.04
SEND_BUFFER_BYTES = 64 * 1024
NEARLY_SENT_BYTES = 2048
KEEPALIVE_SECONDS = 20


class Viewer:
    """One connection that is shown frames. `since` is when the sending of the frame under way began (monotonic), None between two."""

    def __init__(self, sock: Any, address: str, kind: str, drop: Callable[[], None]) -> None:
        self.sock, self.address, self.kind = sock, address, kind
        self._drop = drop
        self.began = time.time()
        self.sent = 0
        self.since: float | None = None
        self.dropped = False

    def begin(self) -> None:
        """A frame is about to be sent."""
        self.since = time.monotonic()

    def ready(self) -> bool:
        """Wait until the frame before has arrived; False when it did not within the limit and the viewer is dropped."""
        pause = FIRST_PAUSE
        while self.sock is not None and not self.dropped and (unsent_bytes(self.sock) > NEARLY_SENT_BYTES or unread_bytes(self.sock)):
            gevent.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.since = None
        return not self.dropped

    @property
    def gone(self) -> bool:
        """Whether the peer has closed; asked when nothing was sent for a while, since then nobody else would notice."""
        if self.sock is None:
            return False
        try:
            self.sock.settimeout(0.0)
            return not self.sock.recv(1, std_socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.sock.settimeout(None)

    def drop(self) -> None:
        """Disconnect; whoever sends finds the connection broken."""
        self.dropped = True
        self._drop()

    def status(self) -> dict[str, Any]:
        return {"address": self.address, "kind": self.kind, "sent": self.sent, "since": self.began}


class Viewers:
    """All of them. `run` is the supervised greenlet that drops who takes too long."""

    def __init__(self, max_viewers: int, stall_seconds: float) -> None:
        self.max_viewers, self.stall_seconds = max_viewers, stall_seconds
        self._viewers: set[Viewer] = set()
        self.dropped = self.refused = 0
        self.sent = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def check(self) -> None:
        """Raises ContractError (503) when there are as many as there may be."""
        if len(self._viewers) >= self.max_viewers:
            self.refused += 1
            raise ContractError(f"The hub has as many viewers of live pictures as it may ({self.max_viewers}); close some pages or raise video.max_viewers.", status=503, retry_after=5)

    def add(self, sock: Any, address: str, kind: str, drop: Callable[[], None] | None = None) -> Viewer:
        """A viewer on `sock` (None where there is no connection, in tests). Raises ContractError as `check` does."""
        self.check()
        viewer = Viewer(sock, address, kind, drop or (lambda: _shut(sock)))
        if sock is not None:
            _tune(sock)
        self._viewers.add(viewer)
        return viewer

    def remove(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        self.sent += viewer.sent

    def run(self) -> None:
        while True:
            gevent.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for viewer in list(self._viewers):
                if viewer.since is not None and now - viewer.since > self.stall_seconds and not viewer.dropped:
                    log.info("The viewer %s (%s) is disconnected: one picture took longer than %g s.", viewer.address, viewer.kind, self.stall_seconds)
                    self.dropped += 1
                    viewer.drop()

    def status(self) -> dict[str, Any]:
        """For the status page: who watches now, frames sent since the start, viewers dropped and refused."""
        rows = [viewer.status() for viewer in self._viewers]
        return {"viewers": len(rows), "sent": self.sent + sum(row["sent"] for row in rows), "dropped": self.dropped, "refused": self.refused, "list": rows[:50]}


def _tune(sock: Any) -> None:
    """A small send buffer, so that a slow line is noticed, and probes that find a peer that vanished between two frames."""
    try:
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", KEEPALIVE_SECONDS), ("TCP_KEEPINTVL", KEEPALIVE_SECONDS), ("TCP_KEEPCNT", 3)):
            if hasattr(std_socket, name) and sys.platform != "win32":
                sock.setsockopt(std_socket.IPPROTO_TCP, getattr(std_socket, name), value)
    except OSError as error:
        log.debug("A viewer's socket takes no options: %s", error)


def _shut(sock: Any) -> None:
    try:
        sock.shutdown(std_socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # shut already
