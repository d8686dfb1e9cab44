"""A few idle connections for short reads on native threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.connection import PostgresConnection

IDLE = 4


class ConnectionPool:
    """`borrow()` a connection; one that fails is not used again."""

    def __init__(self, backend: PostgresBackend) -> None:
        self._backend = backend
        self._idle: deque[PostgresConnection] = deque()

    @contextmanager
    def borrow(self) -> Iterator[PostgresConnection]:
        """A connection for one thread. Raises one of the backend's `errors`."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()
