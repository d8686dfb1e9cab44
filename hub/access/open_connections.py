"""Connections that stay open, checked again when somebody is let in or no longer is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent

from hub.access.gate import Gate
from hub.contract.roles import Requirement
from hub.net.wsgi import Environ

log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0
"""Logins expire without anybody changing anything: open connections are checked this often."""


class OpenConnection:
    """One connection: the request that opened it, what it requires, and how it is ended."""

    __slots__ = ("environ", "required", "end")

    def __init__(self, environ: Environ, required: Requirement, end: Callable[[], None]) -> None:
        self.environ, self.required, self.end = environ, required, end


class OpenConnections:
    """Ends connections whose sender may no longer have them; nothing of it runs for a message.

    `end` of a connection is called once, must not wait, and must keep every later message from it.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._open: set[OpenConnection] = set()
        self.ended = 0
        gate.on_change.append(self.check)

    def add(self, environ: Environ, required: Requirement, end: Callable[[], None]) -> OpenConnection:
        """Check a connection from now on. One that was let in before the latest change is checked at once."""
        connection = OpenConnection(environ, required, end)
        self._open.add(connection)
        self._check(connection)
        return connection

    def remove(self, connection: OpenConnection) -> None:
        """Check it no more: it has ended. Calling it twice does no harm."""
        self._open.discard(connection)

    @contextmanager
    def watch(self, environ: Environ, required: Requirement, end: Callable[[], None]) -> Iterator[None]:
        """Check a connection inside the block."""
        connection = self.add(environ, required, end)
        try:
            yield
        finally:
            self.remove(connection)

    def check(self) -> None:
        """End every connection whose sender may no longer have it."""
        for connection in tuple(self._open):
            if connection in self._open:
                self._check(connection)

    def run(self) -> None:
        """The supervised greenlet that finds expired logins."""
        while True:
            gevent.sleep(CHECK_SECONDS)
            self._gate.changed()

    def status(self) -> dict[str, Any]:
        """For the status page: connections that are checked, and those ended since the start."""
        return {"checked": len(self._open), "ended": self.ended}

    def _check(self, connection: OpenConnection) -> None:
        required = connection.required
        if self._gate.principal(connection.environ).allows(required.role, required.readers):
            return
        self._open.discard(connection)
        self.ended += 1
        environ = connection.environ
        log.info("Access of %s to %s was withdrawn.", environ.get("REMOTE_ADDR"), environ.get("PATH_INFO"))
        connection.end()
