"""One TCP connection of the hub: tuning, fair reading, sending with a stall limit, closing so that answers arrive.

gevent switches greenlets only when a socket would block. A peer that always has bytes ready would therefore hold the
loop for as long as it likes; `Turn` makes every read and send loop give way after a few milliseconds.
"""

from __future__ import annotations

import socket as std_socket
import time
from time import monotonic, perf_counter

import gevent

TURN_SECONDS = 0.005
PIECE_BYTES = 256 * 1024
READ_BYTES = 64 * 1024
# Larger buffers let a slow viewer fall seconds behind before anybody notices.
SEND_BUFFER_BYTES = 128 * 1024
# Whoever reads one answer more slowly than this is as good as gone.
SLOWEST_READER_BYTES_PER_SECOND = 32 * 1024

_scratch = bytearray(PIECE_BYTES)


class PeerGone(ConnectionError):
    """The other side closed or reset the connection, or has stopped taking bytes."""


class PeerStalled(PeerGone):
    """The other side is still connected but takes no bytes, or too few."""


def give_way() -> None:
    """Let the loop look at its sockets and timers, and every other greenlet run.

    `gevent.sleep(0)` does not do that: it only lets waiting callbacks run, and gevent runs up to 50 of them before it
    looks at sockets again. Two greenlets that call it after 5 ms each hold the loop for a quarter of a second.
    """
    hub = gevent.get_hub()
    watcher = hub.loop.async_()
    try:
        hub.loop.run_callback(watcher.send)
        hub.wait(watcher)
    finally:
        watcher.close()


class Turn:
    """The time one greenlet has had the loop for; `check()` gives way when that is too long."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = perf_counter()

    def check(self) -> None:
        """Let the other greenlets run if this one has run for more than `TURN_SECONDS`."""
        if perf_counter() - self._began > TURN_SECONDS:
            give_way()
            self._began = perf_counter()


def tune(sock: gevent.socket.socket) -> None:
    """Prepare an accepted connection: no waiting for full packets, a small send buffer.

    Without TCP_NODELAY keep-alive clients wait 44 ms for each reply.
    """
    try:
        sock.setsockopt(std_socket.IPPROTO_TCP, std_socket.TCP_NODELAY, 1)
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    except OSError as error:
        # A peer that has reset at once leaves a socket that takes no options (macOS, Windows).
        raise PeerGone(f"closed before its first byte ({error})") from error


def send_all(
    sock: gevent.socket.socket, data: bytes | bytearray | memoryview, stall_seconds: float, turn: Turn
) -> None:
    """Send every byte of `data`.

    Raises `PeerGone` when the connection breaks, when the peer takes nothing for `stall_seconds`, or when it takes the
    whole more slowly than `SLOWEST_READER_BYTES_PER_SECOND`. The stream is then broken and must not be used again.
    """
    size = len(data)
    try:
        # Set before every call: another greenlet may read from the same socket with a limit of its own.
        sock.settimeout(stall_seconds)
        sent = sock.send(data)
        if sent < size:
            view = memoryview(data)
            deadline = monotonic() + stall_seconds + size / SLOWEST_READER_BYTES_PER_SECOND
            while sent < size:
                turn.check()
                if monotonic() > deadline:
                    raise PeerStalled("read too slowly")
                sock.settimeout(stall_seconds)
                sent += sock.send(view[sent : sent + PIECE_BYTES])
    except TimeoutError as error:
        raise PeerStalled(f"took nothing for {stall_seconds:g} s") from error
    except PeerGone:
        raise
    except OSError as error:
        raise PeerGone(f"gone: {error.strerror or error}") from error
    finally:
        sock.settimeout(None)


def linger(sock: gevent.socket.socket, max_seconds: float, max_bytes: int) -> None:
    """End our side and throw away what the peer still sends, so that it can read the answer it was given.

    Closing a socket with unread input resets the connection, and the reset overtakes the answer: a client still
    sending its 200 MB would report a broken connection instead of the 413.
    """
    deadline = monotonic() + max_seconds
    turn = Turn()
    try:
        sock.shutdown(std_socket.SHUT_WR)
        while max_bytes > 0 and (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            count = sock.recv_into(_scratch)
            if count == 0:
                return
            max_bytes -= count
            turn.check()
    except OSError:
        return  # gone already, or silent until the deadline: either way there is nobody left to wait for


class Source:
    """What a connection sends, with the bytes read ahead of their use in `ahead`.

    Times are in seconds; each read may wait that long for its first byte (TimeoutError) and raises `PeerGone` when the
    connection breaks.
    """

    __slots__ = ("sock", "ahead", "turn", "waited")

    def __init__(self, sock: gevent.socket.socket) -> None:
        self.sock = sock
        self.ahead = bytearray()
        self.turn = Turn()
        self.waited = 0.0

    @property
    def closed(self) -> bool:
        """True once the connection's socket is closed (part of what pywsgi asks of its input)."""
        return self.sock.closed

    def fill(self, seconds: float) -> bool:
        """Read what has come, at least one byte, behind `ahead`; False when the peer has ended its side."""
        self.turn.check()
        data = self._timed(self.sock.recv, READ_BYTES, seconds)
        self.ahead += data
        return bool(data)

    def take_into(self, view: memoryview, seconds: float) -> int:
        """Fill some of `view`; the number of bytes, 0 when the peer has ended its side."""
        if self.ahead:
            count = min(len(view), len(self.ahead))
            view[:count] = self.ahead[:count]
            del self.ahead[:count]
            return count
        self.turn.check()
        return self._timed(self.sock.recv_into, view, seconds)

    def _timed(self, receive, argument, seconds: float):
        self.sock.settimeout(max(seconds, 0.001))
        began = time.perf_counter()
        try:
            return receive(argument)
        except TimeoutError:
            raise
        except OSError as error:
            raise PeerGone(f"gone: {error.strerror or error}") from error
        finally:
            self.waited += time.perf_counter() - began
