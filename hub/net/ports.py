"""Bind ports, and describe a failure in one sentence for the operator."""

from __future__ import annotations

import errno
import os
import socket as std_socket
import sys
from pathlib import Path

import gevent.socket
import psutil

from hub.runtime.worker_place import worker_place

BACKLOG = 512
LOOPBACK_HOSTS = frozenset(("0.0.0.0", "127.0.0.1", "localhost"))
_IN_USE = frozenset((errno.EADDRINUSE, 10048))
_NOT_PERMITTED = frozenset((errno.EACCES, errno.EPERM, 10013))


class ListenError(Exception):
    """A port cannot be listened on; the text is one sentence for the operator."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


def listen(host: str, port: int) -> gevent.socket.socket:
    """Open a listening socket on `port`, 0 for any free one; the workers of one hub share it. Raises OSError."""
    # AI_PASSIVE is not needed: the settings reject an empty host.
    candidates = std_socket.getaddrinfo(host, port, type=std_socket.SOCK_STREAM)
    family, _, _, _, address = min(candidates, key=lambda entry: entry[0] != std_socket.AF_INET)
    sock = gevent.socket.socket(family, std_socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # Without it another program could bind the same port and accept our connections.
            sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_REUSEADDR, 1)
            share_port(sock)
        if family == std_socket.AF_INET6:
            # "::" accepts IPv4 as well; any other IPv6 address accepts only itself.
            sock.setsockopt(std_socket.IPPROTO_IPV6, std_socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def share_port(sock: gevent.socket.socket) -> None:
    """Let the other workers of this hub bind the same port, where there are any."""
    if worker_place().is_worker:
        sock.setsockopt(std_socket.SOL_SOCKET, std_socket.SO_REUSEPORT, 1)


def listen_on_loopback_6(port: int) -> gevent.socket.socket | None:
    """The same port on ::1, for clients that resolve localhost to it; None where that cannot be opened."""
    try:
        return listen("::1", port)
    except OSError:
        return None


def port_owner(port: int, kind: str = "tcp") -> str:
    """The program that listens on a port (`kind`: tcp or udp), e.g. "node (process 4242)"; "" when it is unknown."""
    try:
        connections = psutil.net_connections(kind=kind)
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        if (
            (kind == "udp" or connection.status == psutil.CONN_LISTEN)
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            return "this program itself" if connection.pid == os.getpid() else _describe(connection.pid)
    return ""


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        name = process.name()
        if name.lower().startswith("python"):
            # "python" alone does not identify a program; its script does.
            script = next((word for word in process.cmdline()[1:] if not word.startswith("-")), "")
            name = f"{name} {Path(script).name}".strip()
    except (psutil.Error, OSError):
        return f"process {pid}"
    return f"{name} (process {pid})"


def describe_bind_error(error: OSError, host: str, port: int, kind: str = "tcp") -> str:
    """The first half of a sentence: why `port` on `host` cannot be opened."""
    number = getattr(error, "winerror", None) or error.errno
    if isinstance(error, std_socket.gaierror) or number in (errno.EADDRNOTAVAIL, 10049):
        return f"This machine has no address {host}"
    if number in _IN_USE or (number in _NOT_PERMITTED and sys.platform == "win32" and port_owner(port, kind)):
        return (
            f"Port {port} is taken by {port_owner(port, kind) or 'another program, whose name this user may not see'}"
        )
    if number in _NOT_PERMITTED:
        return f"This user may not open port {port}"
    return f"Port {port} on {host} cannot be opened ({error.strerror or error})"


def is_in_use(error: OSError) -> bool:
    """True when stopping another program would help."""
    return (getattr(error, "winerror", None) or error.errno) in _IN_USE


def main_port_refused(error: OSError, host: str, port: int) -> ListenError:
    """The error for a main port that cannot be opened: what is wrong and what to do."""
    what = describe_bind_error(error, host, port)
    if what.startswith("This machine has no address"):
        return ListenError(f"{what}; set host to 0.0.0.0 (every network) or to one of this machine's own addresses.")
    first = "stop that program, or " if is_in_use(error) else ""
    other = port + 1 if 1024 <= port < 65535 else 5001
    return ListenError(f"{what}; {first}choose another port, such as: python app.py --port {other}")


def side_port_refused(error: OSError, host: str, port: int, name: str, kind: str = "tcp") -> str:
    """The warning for a side port that cannot be opened."""
    first = "Stop that program and start the hub again, or" if is_in_use(error) else "To change that,"
    return (
        f"{describe_bind_error(error, host, port, kind)}, so the hub runs without its "
        f"{'UDP ' if kind == 'udp' else ''}port for {name}. {first} give another number under [{name}] in hub.toml."
    )
