"""Who watches live pictures, and when each may have the next one.

A slow viewer gets a frame only when the one before has arrived at the other machine. So its line never holds more than one frame,
it skips frames instead of falling behind, and it costs no memory. One that needs more than `stall_seconds`
for a single frame cannot be shown anything recent and is disconnected; pages connect again by themselves.
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

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.04
SEND_BUFFER_BYTES = 64 * 1024
NEARLY_SENT_BYTES = 2048
BURST_SECONDS = 0.15
BURST_FRAMES = 2  # of each camera
PROOF_SECONDS = 1.0
KEEPALIVE_SECONDS = 20


class Viewer:
    """One connection that is shown frames. `since` is when the oldest frame that has not arrived was sent (monotonic), None when all have."""

    def __init__(self, sock: Any, address: str, kind: str, drop: Callable[[], None]) -> None:
        self.sock, self.address, self.kind = sock, address, kind
        self._drop = drop
        self._slow_until = time.monotonic() + PROOF_SECONDS
        self._sending = False
        self._widest = 0
        self._under_way: deque[tuple[float, int]] = deque()  # (when it was sent, bytes), oldest first
        self.began = time.time()
        self.sent = 0
        self.dropped = False

    @property
    def since(self) -> float | None:
        return self._under_way[0][0] if self._under_way else None

    def begin(self, size: int) -> None:
        """A frame is about to be sent, as `size` bytes."""
        self._sending = True
        self._under_way.append((time.monotonic(), size))

    def done(self) -> None:
        """The system has taken the whole frame."""
        self._sending = False
        self.sent += 1

    def ready(self, cameras: int = 1) -> bool:
        """Wait until the next frame of any of so many cameras may be sent; False when the viewer was dropped meanwhile.

        While a viewer keeps up, frames may follow one another for a moment: it may be busy just now, and a wall of cameras
        would leave a fast line idle most of the time. One that was slow, or is new, has a single frame under way and no more.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while not self.dropped and not self._arrived():
            now = time.monotonic()
            if (
                now > self._slow_until
                and now - self._under_way[0][0] < BURST_SECONDS
                and len(self._under_way) < BURST_FRAMES * cameras
            ):
                return True
            gevent.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        now = time.monotonic()
        if now - began > BURST_SECONDS:
            self._slow_until = now + PROOF_SECONDS
        return not self.dropped

    def _arrived(self) -> bool:
        """Whether every frame has arrived; forgets those that have."""
        sent = self._under_way
        if not sent:
            return True
        unsent = self._unread() if self.sock is not None else 0
        if unsent <= NEARLY_SENT_BYTES:
            sent.clear()
            return True
        left = sum(size for _, size in sent)
        while len(sent) > 1 and left - sent[0][1] >= unsent:
            left -= sent.popleft()[1]
        return False

    def _unread(self) -> int:
        """Bytes that the viewer has not read, as far as can be known: those still here, and those that fill more than half of its own buffer."""
        window = send_window(self.sock)
        if window is None:
            return unsent_bytes(self.sock)
        self._widest = max(self._widest, window)
        return unsent_bytes(self.sock) + (self._widest - window if 2 * window < self._widest else 0)

    def stalled(self, limit: float) -> bool:
        """Whether a frame has been under way for longer than `limit` seconds."""
        if not self._late(limit) or (not self._sending and self._arrived()):
            return False
        return self._late(limit)

    def _late(self, limit: float) -> bool:
        return self.since is not None and time.monotonic() - self.since > limit

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
            raise Unavailable(
                f"The hub has as many viewers of live pictures as it may ({self.max_viewers}); close some pages or raise video.max_viewers.",
                retry_after=5,
            )

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
        """For the status page: who watches now, frames sent since the start, viewers dropped and refused."""
        rows = [viewer.status() for viewer in self._viewers]
        return {
            "viewers": len(rows),
            "sent": self.sent + sum(row["sent"] for row in rows),
            "dropped": self.dropped,
            "refused": self.refused,
            "list": rows[:50],
        }


def _tune(sock: Any) -> None:
    """A small send buffer, so that a slow line is noticed, and probes that find a peer that vanished between two frames."""
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
        log.debug("A viewer's socket takes no options: %s", error)


def _shut(sock: Any) -> None:
    try:
        sock.shutdown(std_socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # shut already
