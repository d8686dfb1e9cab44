"""Connections for reads are closed with the pool, those that are in use as well."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from hub.store.backend import Connection
from hub.store.pool import ConnectionPool
from hub.store.sqlite.backend import SqliteBackend


def one(connection: Connection) -> Connection:
    assert connection.execute("SELECT 1").fetchone() is not None
    return connection


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    pool = ConnectionPool(SqliteBackend(tmp_path / "hub.db"), 2)
    assert pool.run(one) is pool.run(one)
    pool.close()


def test_a_read_that_ends_after_the_pool_leaves_no_connection_open(tmp_path: Path) -> None:
    """A native thread goes on when the greenlet that waited for it has been ended."""
    pool = ConnectionPool(SqliteBackend(tmp_path / "hub.db"), 2)
    begun, closed = threading.Event(), threading.Event()
    used: list[Connection] = []

    def read(connection: Connection) -> None:
        used.append(one(connection))
        begun.set()
        assert closed.wait(30)

    thread = threading.Thread(target=pool.run, args=(read,))
    thread.start()
    assert begun.wait(30)
    pool.close()
    closed.set()
    thread.join()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used[0].execute("SELECT 1")


def test_a_closed_pool_still_reads_and_keeps_nothing(tmp_path: Path) -> None:
    pool = ConnectionPool(SqliteBackend(tmp_path / "hub.db"), 2)
    pool.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        pool.run(one).execute("SELECT 1")
