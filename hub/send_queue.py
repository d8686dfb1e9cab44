"""What a TCP connection still holds of the bytes it was given, as far as the system tells."""

from __future__ import annotations

import struct
import sys
from typing import Any

LINUX, MAC = sys.platform.startswith("linux"), sys.platform == "darwin"
_SO_NWRITE = 0x1024
_INT = struct.Struct("i")

if LINUX:
    from fcntl import ioctl
    from termios import TIOCOUTQ  # the number that Linux calls SIOCOUTQ on sockets


def unsent_bytes(sock: Any) -> int:
    """Bytes that the other machine has not acknowledged, sent or not; 0 where the system does not tell (Windows)."""
    try:
        if LINUX:
            return _INT.unpack(ioctl(sock.fileno(), TIOCOUTQ, b"\0\0\0\0"))[0]
        if MAC:
            import socket

            return sock.getsockopt(socket.SOL_SOCKET, _SO_NWRITE)
    except (OSError, ValueError):
        pass  # closed: whoever sends next finds out
    return 0

