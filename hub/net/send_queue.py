"""What a TCP connection still holds of the bytes it was given, as far as the system tells."""

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
    """Bytes that the other machine has not acknowledged, sent or not; 0 where the system does not tell (Windows)."""
    try:
        if LINUX:
            return _INT.unpack(ioctl(sock.fileno(), TIOCOUTQ, b"\0\0\0\0"))[0]
        if MAC:
            return sock.getsockopt(socket.SOL_SOCKET, _SO_NWRITE)
    except (OSError, ValueError):
        pass  # closed: whoever sends next finds out
    return 0


def send_window(sock: Any) -> int | None:
    """How many bytes the other machine would take now; None where the system does not tell.

    What its program has not read makes it smaller. It is as of the last acknowledgement: one that only says that the window has grown comes when
    it has doubled.
    """
    if not LINUX:
        return None
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SEND_WINDOW.size)
    except OSError:
        return None
    return _SEND_WINDOW.unpack(told)[0] if len(told) == _SEND_WINDOW.size else None
