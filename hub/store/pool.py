"""A few idle connections to a database for reads on native threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from hub.store.backend import Backend, Connection

T = TypeVar("T")


class _Lost(Exception):
    """The database or the network had ended a connection before it was used; another one may do."""


class ConnectionPool:
    """`run(work)` with a connection of its own; one that fails is not used again. Thread-safe."""

    def __init__(self, backend: Backend, idle: int) -> None:
        """`idle`: connections that are kept for later."""
        self._backend, self._most = backend, idle
        self._idle: deque[Connection] = deque()
        self._closed = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` makes with a connection; begun once more where the connection was lost. Raises as `work` does,
        and one of the backend's `errors`.
        """
        try:
            return self._run(work)
        except _Lost:
            self._close_idle()  # they were ended with it
        try:
            return self._run(work)
        except _Lost as error:
            assert error.__cause__ is not None
            raise error.__cause__ from None

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.connect()
        try:
            made = work(connection)
        except Exception as error:
            lost = connection.broken
            connection.close()
            if lost:
                raise _Lost from error
            raise
        if connection.lasting and len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            self._close_idle()
        return made

    def close(self) -> None:
        """Close the idle connections, and each that is in use when it has been used."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):  # another thread has taken the last one
            while True:
                self._idle.pop().close()
