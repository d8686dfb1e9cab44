"""Unacknowledged bytes and the send window of a TCP connection, where the operating system reports them."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any

LINUX, MAC = sys.platform.startswith("linux"), sys.platform == "darwin"
_SO_NWRITE = 0x1024
_INT = struct.Struct("i")
_SEND_WINDOW = struct.Struct("228xI")  # `tcpi_snd_wnd` of struct tcp_info, Linux 5.4 and newer

if LINUX:
    from fcntl import ioctl
    from termios import TIOCOUTQ  # the number that Linux calls SIOCOUTQ on sockets


def unsent_bytes(sock: Any) -> int:
    """Bytes that the peer has not acknowledged, sent or not; 0 where the system does not report them (Windows)."""
    try:
        if LINUX:
            return int(_INT.unpack(ioctl(sock.fileno(), TIOCOUTQ, b"\0\0\0\0"))[0])
        if MAC:
            return int(sock.getsockopt(socket.SOL_SOCKET, _SO_NWRITE))
    except (OSError, ValueError):
        pass  # closed: the next send raises
    return 0


def send_window(sock: Any) -> int | None:
    """Bytes that the peer would accept now (its receive window); None where the system does not report it.

    What its program has not read makes it smaller. The value is that of the last acknowledgement: a peer announces
    that its window has grown only when it has doubled.
    """
    if not LINUX:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SEND_WINDOW.size)
    except OSError:
        return None
    return _SEND_WINDOW.unpack(info)[0] if len(info) == _SEND_WINDOW.size else None
