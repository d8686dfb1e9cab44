"""One TCP connection: socket options, sending with a stall timeout, a close that lets the last answer arrive."""

from __future__ import annotations

import socket as std_socket
from time import monotonic

import gevent.socket

from hub.runtime.budget import Budget, OverBudget
from hub.runtime.time_slice import TimeSlice

BLOCK_BYTES = 256 * 1024
# Larger buffers let a slow viewer fall seconds behind before anything notices.
SEND_BUFFER_BYTES = 128 * 1024
# A peer that reads one answer at a lower rate is treated as stalled.
MIN_SEND_BYTES_PER_SECOND = 32 * 1024

_discarded = bytearray(BLOCK_BYTES)


class PeerDisconnected(ConnectionError):
    """The peer closed or reset the connection, or has stopped reading."""


class PeerStalled(PeerDisconnected):
    """The peer is still connected but reads nothing, or too slowly."""


def set_socket_options(sock: gevent.socket.socket) -> None:
    """Prepare an accepted connection: TCP_NODELAY and a small send buffer.

    Without TCP_NODELAY keep-alive clients wait 44 ms for each answer.
    """
    try:
        sock.setsockopt(std_socket.IPPROTO_TCP, std_socket.TCP_NODELAY, 1)
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    except OSError as error:
        # A peer that resets at once leaves a socket that accepts no options (macOS, Windows).
        raise PeerDisconnected(f"closed before its first byte ({error})") from error


def send_all(
    sock: gevent.socket.socket,
    data: bytes | bytearray | memoryview,
    stall_seconds: float,
    time_slice: TimeSlice,
    budget: Budget | None = None,
) -> None:
    """Send every byte of `data`; `budget` counts what the system does not take at once, until it is sent.

    Raises `PeerDisconnected` when the connection breaks, when the peer reads nothing for `stall_seconds`, when its
    average rate is below `MIN_SEND_BYTES_PER_SECOND`, or when the budget is used up. The stream is then broken and must
    not be used again.
    """
    sent = _send_at_once(sock, data)
    if sent < len(data):
        _send_rest(sock, memoryview(data), sent, stall_seconds, time_slice, budget)


def _send_at_once(sock: gevent.socket.socket, data: bytes | bytearray | memoryview) -> int:
    """Send what the system takes without waiting, nearly always everything; the number of bytes."""
    if type(sock) is not gevent.socket.socket:
        return 0
    try:
        return sock.send(data, 0, 0.0)  # type: ignore[call-arg]  # gevent takes a timeout, its type stubs do not
    except BlockingIOError:
        return 0
    except OSError as error:
        raise PeerDisconnected(f"gone: {error.strerror or error}") from error


def _send_rest(
    sock: gevent.socket.socket,
    view: memoryview,
    sent: int,
    stall_seconds: float,
    time_slice: TimeSlice,
    budget: Budget | None,
) -> None:
    """Send what follows the first `sent` bytes of `view`, as the peer takes it."""
    size = len(view)
    counted = 0
    try:
        if sent and budget is not None:
            counted = _count(budget, size - sent)
        deadline = monotonic() + stall_seconds + size / MIN_SEND_BYTES_PER_SECOND
        while sent < size:
            time_slice.check()
            if monotonic() > deadline:
                raise PeerStalled("read too slowly")
            # Before every call: another greenlet may read from the same socket with a timeout of its own.
            sock.settimeout(stall_seconds)
            sent += sock.send(view[sent : sent + BLOCK_BYTES])
            if not counted and sent < size and budget is not None:
                counted = _count(budget, size - sent)
    except TimeoutError as error:
        raise PeerStalled(f"took nothing for {stall_seconds:g} s") from error
    except PeerDisconnected:
        raise
    except OSError as error:
        raise PeerDisconnected(f"gone: {error.strerror or error}") from error
    finally:
        sock.settimeout(None)
        if counted and budget is not None:
            budget.give_back(counted)


def _count(budget: Budget, size: int) -> int:
    """Count bytes that are not sent yet."""
    try:
        budget.take(size)
    except OverBudget as error:
        raise PeerStalled("reads too slowly while the hub has as much in memory as it may have") from error
    return size


def linger(sock: gevent.socket.socket, max_seconds: float, max_bytes: int) -> None:
    """Shut down our side and discard what the peer still sends, so that it can read the answer it was sent.

    Closing a socket with unread input resets the connection, and the reset overtakes the answer: a client still
    sending its 200 MB would report a broken connection instead of the 413.
    """
    deadline = monotonic() + max_seconds
    time_slice = TimeSlice()
    try:
        sock.shutdown(std_socket.SHUT_WR)
        while max_bytes > 0 and (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            count = sock.recv_into(_discarded)
            if count == 0:
                return
            max_bytes -= count
            time_slice.check()
    except OSError:
        return  # disconnected, or idle until the deadline: nothing is left to wait for
