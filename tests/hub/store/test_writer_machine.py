"""The writer and the packs as a state machine: what was answered is stored with its picture, once; nothing else is."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.store.packs import PackStore
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.connection import connect
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

FIND, INSERT = "SELECT name FROM t WHERE key = :key", "INSERT INTO t (key, name) VALUES (:key, :name)"
PACK_BYTES = 2000  # some pictures fill one
KEYS = st.integers(0, 30)
FAILURES = ("none", "none", "none", "record", "busy", "disk", "database")


def picture(key: int) -> bytes:
    return b"\xff\xd8\xff" + f"picture {key} ".encode() * (1 + key * 3)


class WriterMachine(RuleBasedStateMachine):
    """`stored`: the names of the pictures of everything that was answered, by the record's key."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gatehouse-writer-"))
        (self.folder / "hub").mkdir()
        connection = connect(self.folder / "hub" / "x.db")
        connection.execute("CREATE TABLE t (key INTEGER UNIQUE, name TEXT)")
        connection.close()
        self.stored: dict[int, str] = {}
        self._start()

    def _start(self) -> None:
        self.packs = PackStore(self.folder / "hub" / "pictures", PACK_BYTES)
        self.packs.prepare()
        self.writer = Writer(SqliteBackend(self.folder / "hub" / "x.db", "NORMAL"))
        self.runner = gevent.spawn(self.writer.run)

    def _end(self) -> None:
        self.writer.close()
        self.runner.get(timeout=20)
        self.packs.close()

    def teardown(self) -> None:
        if hasattr(self, "writer"):
            self._end()
            shutil.rmtree(self.folder)

    def _job(self, key: int, failure: str) -> Callable[[Transaction], tuple[str, bool]]:
        """Store a record once, with its picture; or fail after both, in one of the ways in which jobs fail."""

        def job(transaction: Transaction) -> tuple[str, bool]:
            before = transaction.one(FIND, {"key": key})
            if before is not None:
                return before["name"], True
            (name,) = self.packs.put_all(transaction, [(picture(key), ".jpg")])
            transaction.execute(INSERT, {"key": key, "name": name})
            if failure == "record":
                raise ValueError("this record only")
            if failure == "busy":
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            if failure == "disk":
                raise OSError(errno.ENOSPC, "No space left on device")
            if failure == "database":
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return name, False

        return job

    @rule(jobs=st.lists(st.tuples(KEYS, st.sampled_from(FAILURES)), min_size=1, max_size=8))
    def write(self, jobs: list[tuple[int, str]]) -> None:
        """Senders at the same time; some records come twice, some fail, some make the whole commit fail."""
        senders = [gevent.spawn(self.writer.write, self._job(key, failure), 10) for key, failure in jobs]
        gevent.joinall(senders, timeout=30)
        new: dict[int, str] = {}
        for (key, failure), sender in zip(jobs, senders, strict=True):
            if isinstance(sender.exception, ValueError):
                assert failure == "record"
                continue
            if isinstance(sender.exception, StoreBusy):
                assert {"busy", "disk", "database"} & {kind for _, kind in jobs}
                continue
            name, duplicate = sender.get()
            assert duplicate is (key in self.stored or key in new)
            assert self.stored.get(key, new.get(key, name)) == name
            new[key] = name
        self.stored |= new

    @rule()
    def end_and_start(self) -> None:
        self._end()
        self._start()

    @rule()
    def kill_and_start(self) -> None:
        """Go on with a copy of the files, as they are without an orderly end."""
        shutil.copytree(self.folder / "hub", self.folder / "copy")
        self._end()
        shutil.rmtree(self.folder / "hub")
        (self.folder / "copy").rename(self.folder / "hub")
        self._start()

    @rule(garbage=st.binary(min_size=1, max_size=60))
    def lose_power(self, garbage: bytes) -> None:
        """The newest pack ends with bytes of a commit that was never made."""
        self._end()
        packs = sorted((self.folder / "hub" / "pictures").glob("*.pack"))
        if packs:
            with packs[-1].open("ab") as file:
                file.write(garbage)
        self._start()

    @invariant()
    def everything_answered_is_there(self) -> None:
        if not hasattr(self, "writer"):
            return
        connection = connect(self.folder / "hub" / "x.db")
        rows: list[Any] = connection.execute("SELECT key, name FROM t").fetchall()
        connection.close()
        assert {row["key"]: row["name"] for row in rows} == self.stored and len(rows) == len(self.stored)
        for key, name in self.stored.items():
            assert self.packs.read(name) == (picture(key), "image/jpeg")


WriterMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
test_writer = pytest.mark.slow(WriterMachine.TestCase)
