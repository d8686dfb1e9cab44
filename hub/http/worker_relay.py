"""Hands a connection to the worker that holds its Engine.IO session or search, over a socket of the instance folder.

The system gives each connection to any worker, and all requests of a session belong to one: its number is the end of
the session's id. So it is with searches in videos. The socket is for this user alone, so what is said there of the
sender is believed.
"""

from __future__ import annotations

import logging
import os
import re
import socket as std_socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import gevent.socket

from hub.net.http_error import HttpError
from hub.net.ports import ListenError
from hub.runtime.spawn import Spawn
from hub.runtime.worker_place import WorkerPlace

log = logging.getLogger(__name__)

SESSION = re.compile(r"[?&]sid=[^&]*\.([0-9]{1,2})(?:&|$)")
SEARCHES = "/find/"
SEARCH = re.compile(r"/find/[^/?]*\.([0-9]{1,2})(?:\?|$)")
BACKLOG = 512
BLOCK_BYTES = 64 * 1024
MAX_LINE = 200
LINE_SECONDS = 5.0
GONE = "The worker that holds this session or search has ended; begin it again."

Accept = Callable[[str, gevent.socket.socket, tuple[str, int]], None]


def mark_sessions(server: Any, place: WorkerPlace) -> None:
    """Let the ids of new sessions of an Engine.IO server end with the number of this worker."""
    generate = server.generate_id
    server.generate_id = lambda: place.marked(generate())


class WorkerRelay:
    """`accept(listener name, socket, address)` serves a connection that another worker has handed over."""

    def __init__(self, place: WorkerPlace, folder: Path, accept: Accept, spawn: Spawn) -> None:
        self._place, self._folder, self._accept, self._spawn = place, folder, accept, spawn
        self._socket: gevent.socket.socket | None = None
        self.handed_over = self.received = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"worker-{number}.sock"

    def open(self) -> None:
        """Listen. Raises ListenError with a sentence."""
        path = self._path(self._place.number)
        try:
            self._socket = self._bound(path)
        except OSError as error:
            raise ListenError(
                f"The socket {path} of this worker cannot be made ({error}); use an instance folder on a local disk, "
                "with a shorter path."
            ) from error

    @staticmethod
    def _bound(path: Path) -> gevent.socket.socket:
        path.unlink(missing_ok=True)
        sock = gevent.socket.socket(std_socket.AF_UNIX, std_socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        sock.listen(BACKLOG)
        return sock

    def run(self) -> None:
        """The greenlet that accepts what other workers hand over."""
        while (listening := self._socket) is not None:
            try:
                sock, _ = listening.accept()
            except OSError:
                if self._socket is None:
                    return
                gevent.sleep(0.1)
                continue
            self._spawn("connection of another worker", self._serve, sock)

    def _serve(self, sock: gevent.socket.socket) -> None:
        line = b""
        try:
            sock.settimeout(LINE_SECONDS)
            while not line.endswith(b"\n") and len(line) < MAX_LINE:
                if not (byte := sock.recv(1)):
                    break
                line += byte
            name, host, port = line.decode("ascii").split()
            address = host, int(port)
        except (OSError, ValueError):
            sock.close()
            return
        self.received += 1
        sock.settimeout(None)
        self._accept(name, sock, address)

    def other(self, target: str) -> int:
        """The number of the worker that holds what a request names; 0 where that is this one, or there is none."""
        found = SESSION.search(target) if "sid=" in target else None
        if found is None and target.startswith(SEARCHES):
            found = SEARCH.match(target)
        number = int(found[1]) if found else 0
        return number if 1 <= number <= self._place.count and number != self._place.number else 0

    def hand_over(
        self, number: int, sock: gevent.socket.socket, listener: str, address: tuple[Any, ...], data: bytes
    ) -> None:
        """Pass on what was read, and then both directions until one side ends. Raises HttpError where it is gone."""
        other = gevent.socket.socket(std_socket.AF_UNIX, std_socket.SOCK_STREAM)
        try:
            other.connect(str(self._path(number)))
            other.sendall(f"{listener} {address[0]} {address[1]}\n".encode("ascii") + data)
        except OSError as error:
            other.close()
            raise HttpError(400, GONE) from error
        self.handed_over += 1
        sock.settimeout(None)
        back = self._spawn("answers of another worker", _copy, other, sock)
        try:
            _copy(sock, other)
            back.join()
        finally:
            back.kill()
            other.close()

    def close(self) -> None:
        """Accept nothing more."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()
            with suppress(OSError):
                self._path(self._place.number).unlink(missing_ok=True)


def _copy(source: gevent.socket.socket, target: gevent.socket.socket) -> None:
    """Copy until the source ends, then end that direction."""
    with suppress(OSError):
        while data := source.recv(BLOCK_BYTES):
            target.sendall(data)
            gevent.sleep(0)
    with suppress(OSError):
        target.shutdown(std_socket.SHUT_WR)
