"""Viewers of live pictures, and when each may be sent the next frame.

A slow viewer is sent a frame only when the other machine has acknowledged the one before. So its connection never
buffers more than one frame, it skips frames instead of falling behind, and it needs no queue. A viewer that needs more
than `stall_seconds` for a single frame cannot be shown anything recent and is disconnected; pages reconnect by
themselves.
"""

from __future__ import annotations

import logging
import socket as std_socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from hub.contract.errors import Unavailable
from hub.net.send_queue import send_window, unsent_bytes
from hub.net.tls import peer_has_closed

log = logging.getLogger(__name__)

STALL_CHECK_SECONDS = 0.25
MIN_POLL_SECONDS, MAX_POLL_SECONDS = 0.001, 0.04
SEND_BUFFER_BYTES = 64 * 1024
NEARLY_SENT_BYTES = 2048
BURST_SECONDS = 0.15
BURST_FRAMES = 2  # in-flight frames of each camera
PROOF_SECONDS = 1.0  # how long a viewer must keep up before it may have several in-flight frames
KEEPALIVE_SECONDS = 20


class Viewer:
    """One connection that receives frames."""

    def __init__(self, sock: Any, address: str, kind: str, drop: Callable[[], None]) -> None:
        self.sock, self.address, self.kind = sock, address, kind
        self._drop = drop
        self._slow_until = time.monotonic() + PROOF_SECONDS
        self._sending = False
        self._max_window = 0
        self._in_flight: deque[tuple[float, int]] = deque()  # (monotonic time of sending, bytes), oldest first
        self.began = time.time()
        self.sent = 0
        self.dropped = False

    @property
    def oldest_in_flight(self) -> float | None:
        """When the oldest unacknowledged frame was sent (monotonic); None when every frame has arrived."""
        return self._in_flight[0][0] if self._in_flight else None

    def begin(self, size: int) -> None:
        """Record that a frame of `size` bytes is about to be sent."""
        self._sending = True
        self._in_flight.append((time.monotonic(), size))

    def done(self) -> None:
        """Record that the whole frame is in the system's send buffer."""
        self._sending = False
        self.sent += 1

    def ready(self, cameras: int = 1) -> bool:
        """Wait until the next frame may be sent; False when the viewer was dropped meanwhile.

        A viewer that keeps up may have `BURST_FRAMES` in-flight frames of each of its `cameras` for a short time: it
        may be busy for a moment, and with many cameras a fast connection would be idle most of the time. A new viewer,
        and one that was slow, has a single in-flight frame.
        """
        began, pause = time.monotonic(), MIN_POLL_SECONDS
        while not self.dropped and not self._arrived():
            now = time.monotonic()
            if (
                now > self._slow_until
                and now - self._in_flight[0][0] < BURST_SECONDS
                and len(self._in_flight) < BURST_FRAMES * cameras
            ):
                return True
            gevent.sleep(pause)
            pause = min(pause * 2, MAX_POLL_SECONDS)
        now = time.monotonic()
        if now - began > BURST_SECONDS:
            self._slow_until = now + PROOF_SECONDS
        return not self.dropped

    def _arrived(self) -> bool:
        """Remove acknowledged frames from the in-flight ones; whether none is left."""
        in_flight = self._in_flight
        if not in_flight:
            return True
        unread = self._unread_bytes() if self.sock is not None else 0
        if unread <= NEARLY_SENT_BYTES:
            in_flight.clear()
            return True
        left = sum(size for _, size in in_flight)
        while len(in_flight) > 1 and left - in_flight[0][1] >= unread:
            left -= in_flight.popleft()[1]
        return False

    def _unread_bytes(self) -> int:
        """Bytes that the viewer has not read, as far as the system reports.

        Those are the unacknowledged ones, and those in the viewer's receive buffer once they fill more than half of it.
        """
        window = send_window(self.sock)
        if window is None:
            return unsent_bytes(self.sock)
        self._max_window = max(self._max_window, window)
        return unsent_bytes(self.sock) + (self._max_window - window if 2 * window < self._max_window else 0)

    def stalled(self, limit: float) -> bool:
        """Whether a frame has been in flight for longer than `limit` seconds."""
        if not self._overdue(limit) or (not self._sending and self._arrived()):
            return False
        return self._overdue(limit)

    def _overdue(self, limit: float) -> bool:
        oldest = self.oldest_in_flight
        return oldest is not None and time.monotonic() - oldest > limit

    @property
    def disconnected(self) -> bool:
        """Whether the peer has closed the connection. Polled while nothing is sent, since sending would notice it."""
        if self.sock is None:
            return False
        return peer_has_closed(self.sock)

    def drop(self) -> None:
        """Disconnect; a send in progress fails."""
        self.dropped = True
        self._drop()

    def status(self) -> dict[str, Any]:
        return {"address": self.address, "kind": self.kind, "sent": self.sent, "since": self.began}


class Viewers:
    """All viewers. `run` is the supervised greenlet that drops stalled ones."""

    def __init__(self, max_viewers: int, stall_seconds: float) -> None:
        self.max_viewers, self.stall_seconds = max_viewers, stall_seconds
        self._viewers: set[Viewer] = set()
        self.dropped = self.refused = 0
        self.sent = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def check(self) -> None:
        """Raise Unavailable (503) when the limit of viewers is reached."""
        if len(self._viewers) >= self.max_viewers:
            self.refused += 1
            raise Unavailable(
                f"The hub has as many viewers of live pictures as it may ({self.max_viewers}); "
                "close some pages or raise video.max_viewers.",
                retry_after=5,
            )

    def add(self, sock: Any, address: str, kind: str, drop: Callable[[], None] | None = None) -> Viewer:
        """Add a viewer on `sock`, which is None only in tests. Raises Unavailable as `check` does."""
        self.check()
        viewer = Viewer(sock, address, kind, drop or (lambda: _shutdown(sock)))
        if sock is not None:
            _tune(sock)
        self._viewers.add(viewer)
        return viewer

    def remove(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        self.sent += viewer.sent

    def run(self) -> None:
        while True:
            gevent.sleep(STALL_CHECK_SECONDS)
            for viewer in list(self._viewers):
                if not viewer.dropped and viewer.stalled(self.stall_seconds):
                    log.info(
                        "The viewer %s (%s) is disconnected: one picture took longer than %g s.",
                        viewer.address,
                        viewer.kind,
                        self.stall_seconds,
                    )
                    self.dropped += 1
                    viewer.drop()

    def status(self) -> dict[str, Any]:
        """For the status page: current viewers, frames sent since the start, viewers dropped and refused."""
        rows = [viewer.status() for viewer in self._viewers]
        return {
            "viewers": len(rows),
            "sent": self.sent + sum(row["sent"] for row in rows),
            "dropped": self.dropped,
            "refused": self.refused,
            "list": rows[:50],
        }


def _tune(sock: Any) -> None:
    """Set a small send buffer, to notice slow connections, and TCP keep-alive, to notice dead peers between frames."""
    try:
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", KEEPALIVE_SECONDS),
            ("TCP_KEEPINTVL", KEEPALIVE_SECONDS),
            ("TCP_KEEPCNT", 3),
        ):
            if hasattr(std_socket, name) and sys.platform != "win32":
                sock.setsockopt(std_socket.IPPROTO_TCP, getattr(std_socket, name), value)
    except OSError as error:
        log.debug("Socket options of a viewer were not set: %s", error)


def _shutdown(sock: Any) -> None:
    try:
        sock.shutdown(std_socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # closed already
