"""The writer: durable together, each job on its own, nothing accepted that cannot be stored."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import gevent
import pytest
from gevent.monkey import get_original

from hub.store.batch import BatchStore
from hub.store.commit import Committer
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.connection import connect
from hub.store.writer import EARLY, StoreBusy, Writer

INSERT = "INSERT INTO t (a) VALUES (:a)"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "x.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t (a INTEGER UNIQUE)")
    connection.close()
    return path


@pytest.fixture
def writer(database: Path):
    writer = Writer(SqliteBackend(database), queue=50)
    runner = gevent.spawn(writer.run)
    yield writer
    writer.close()
    runner.get(timeout=5)


def rows(path: Path) -> list[int]:
    connection = connect(path)
    try:
        return [row["a"] for row in connection.execute("SELECT a FROM t ORDER BY a")]
    finally:
        connection.close()


def insert(value: int):
    return lambda transaction: transaction.execute(INSERT, {"a": value}).lastrowid


def test_answered_after_commit(writer: Writer, database: Path) -> None:
    assert writer.write(insert(7)) == 1
    assert rows(database) == [7]


def test_many_at_once_share_commits(writer: Writer, database: Path) -> None:
    jobs = [gevent.spawn(writer.write, insert(value)) for value in range(40)]
    gevent.joinall(jobs, raise_error=True, timeout=10)
    assert rows(database) == list(range(40))
    assert writer.commits < 10


def test_one_failing_job_costs_only_itself(writer: Writer, database: Path) -> None:
    undone: list[str] = []

    def broken(transaction):
        transaction.on_failure.append(lambda: undone.append("file removed"))
        transaction.execute(INSERT, {"a": 5})
        raise ValueError("not this one")

    jobs = [gevent.spawn(writer.write, job) for job in (insert(1), broken, insert(1), insert(2))]
    gevent.joinall(jobs, timeout=10)
    assert [type(job.exception) for job in jobs] == [type(None), ValueError, sqlite3.IntegrityError, type(None)]
    assert rows(database) == [1, 2]
    assert undone == ["file removed"]


def test_a_failing_disk_is_busy_for_all_and_leaves_nothing(writer: Writer, database: Path) -> None:
    undone: list[str] = []

    def full(transaction):
        transaction.on_failure.append(lambda: undone.append("file removed"))
        transaction.execute(INSERT, {"a": 5})
        raise OSError(28, "No space left on device")

    jobs = [gevent.spawn(writer.write, job) for job in (insert(1), full)]
    gevent.joinall(jobs, timeout=10)
    assert [type(job.exception) for job in jobs] == [StoreBusy, StoreBusy]
    assert "No space left on device" in str(jobs[0].exception) and jobs[0].exception.retry_after
    assert rows(database) == []
    assert undone == ["file removed"]
    writer.write(insert(1))
    assert rows(database) == [1]


def test_a_full_queue_is_busy(database: Path) -> None:
    writer = Writer(SqliteBackend(database), queue=3)
    waiting = [gevent.spawn(writer.write, insert(value)) for value in range(3)]
    gevent.sleep(0)
    with pytest.raises(StoreBusy):
        writer.write(insert(9))
    runner = gevent.spawn(writer.run)
    gevent.joinall(waiting, raise_error=True, timeout=10)
    writer.close()
    runner.get(timeout=5)
    with pytest.raises(StoreBusy, match="stopping"):
        writer.write(insert(10))
    assert rows(database) == [0, 1, 2]


def test_too_many_bytes_are_busy(database: Path) -> None:
    writer = Writer(SqliteBackend(database))
    waiting = gevent.spawn(writer.write, insert(1), 1)
    gevent.sleep(0)
    with pytest.raises(StoreBusy):
        writer.write(insert(2), 300 * 1024 * 1024)
    runner = gevent.spawn(writer.run)
    waiting.get(timeout=5)
    writer.close()
    runner.get(timeout=5)


def test_closing_commits_what_was_taken(database: Path) -> None:
    writer = Writer(SqliteBackend(database))
    jobs = [gevent.spawn(writer.write, insert(value)) for value in range(10)]
    gevent.sleep(0)
    writer.close()
    gevent.spawn(writer.run).get(timeout=5)
    gevent.joinall(jobs, raise_error=True, timeout=1)
    assert rows(database) == list(range(10))


def test_another_writer_holding_the_database_delays_but_loses_nothing(writer: Writer, database: Path) -> None:
    other = connect(database)
    other.execute("BEGIN IMMEDIATE")
    job = gevent.spawn(writer.write, insert(3))
    gevent.sleep(0.05)
    assert not job.ready()
    other.execute("COMMIT")
    other.close()
    job.get(timeout=5)
    assert rows(database) == [3]


class Numbers(BatchStore):
    """Numbers for table t; the view `intake` takes many at once. `calls` says how each commit was done."""

    setup = (
        "CREATE TEMP VIEW intake AS SELECT a FROM t",
        "CREATE TEMP TRIGGER intake_insert INSTEAD OF INSERT ON intake BEGIN INSERT INTO t (a) VALUES (NEW.a); END",
    )

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.undone = 0
        self.full = False
        self.cannot: object = None  # an item that is not serialisable

    def _undo(self) -> None:
        self.undone += 1

    def single_statement(self, transaction, items):
        self.calls.append(f"one statement for {len(items)}")
        transaction.on_failure.append(self._undo)
        if self.full:
            raise OSError("no space left")
        if self.cannot in items:
            raise TypeError("cannot be written")
        return (
            f"INSERT INTO intake (a) VALUES {','.join('(?)' for _ in items)}",
            items,
            [f"new {item}" for item in items],
        )

    def store(self, transaction, items):
        self.calls.append(f"steps for {len(items)}")
        if self.cannot in items:
            raise TypeError("cannot be written")
        for item in items:
            transaction.execute(INSERT, {"a": item})
        return [f"step {item}" for item in items]


def at_once(writer: Writer, store: BatchStore, values: list[int]) -> list[object]:
    jobs = [gevent.spawn(writer.write_with, store, value) for value in values]
    gevent.joinall(jobs, timeout=10)
    return [job.value if job.successful() else job.exception for job in jobs]


def test_items_of_a_kind_are_stored_by_one_statement(writer: Writer, database: Path) -> None:
    numbers = Numbers()
    assert at_once(writer, numbers, list(range(30))) == [f"new {value}" for value in range(30)]
    assert rows(database) == list(range(30)) and numbers.undone == 0
    assert all(call.startswith("one statement") for call in numbers.calls) and len(numbers.calls) < 5


def test_an_item_that_breaks_the_statement_costs_only_itself(writer: Writer, database: Path) -> None:
    numbers = Numbers()
    writer.write(insert(3))
    results = at_once(writer, numbers, [1, 2, 3, 4])
    assert isinstance(results[2], sqlite3.IntegrityError) and all(
        isinstance(results[place], str) for place in (0, 1, 3)
    )
    assert rows(database) == [1, 2, 3, 4]
    assert numbers.undone == 1 and "steps for 1" in numbers.calls


def test_jobs_and_items_of_one_commit_are_stored_together(writer: Writer, database: Path) -> None:
    numbers = Numbers()
    jobs = [
        gevent.spawn(writer.write, insert(7)),
        gevent.spawn(writer.write_with, numbers, 8),
        gevent.spawn(writer.write_with, numbers, 9),
    ]
    gevent.joinall(jobs, raise_error=True, timeout=10)
    assert rows(database) == [7, 8, 9] and numbers.calls == ["steps for 2"]


def test_a_full_disk_at_the_one_statement_is_busy_and_leaves_nothing(writer: Writer, database: Path) -> None:
    numbers = Numbers()
    numbers.full = True
    assert all(isinstance(result, StoreBusy) for result in at_once(writer, numbers, [1, 2]))
    assert rows(database) == [] and numbers.undone >= 1
    numbers.full = False
    assert at_once(writer, numbers, [1]) == ["new 1"]


def test_an_item_that_cannot_be_written_costs_only_itself(writer: Writer, database: Path) -> None:
    numbers = Numbers()
    numbers.cannot = 3
    results = at_once(writer, numbers, [1, 2, 3, 4])
    assert isinstance(results[2], TypeError) and all(isinstance(results[place], str) for place in (0, 1, 3))
    assert rows(database) == [1, 2, 4] and numbers.undone == 1
    assert writer.write(insert(9)) > 0


def test_nobody_waits_for_ever_whatever_breaks(writer: Writer, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Committer, "_work", lambda *_: 1 / 0)
        job = gevent.spawn(writer.write, insert(1))
        with pytest.raises(ZeroDivisionError):
            job.get(timeout=5)
    assert writer.write(insert(2)) > 0 and rows(database) == [2]


def test_the_next_commit_does_not_wait_for_a_busy_event_loop(writer: Writer) -> None:
    done: list[int] = []
    released = get_original("threading", "Event")()
    first = gevent.spawn(writer.write, lambda transaction: released.wait(5))
    gevent.sleep(0.05)
    second = gevent.spawn(writer.write, lambda transaction: done.append(2))
    gevent.sleep(0)
    assert writer.pending == 1
    released.set()
    end = time.monotonic() + 5
    while not done and time.monotonic() < end:
        pass  # the event loop turns no more
    assert done == [2]
    gevent.joinall([first, second], timeout=5, raise_error=True)


def test_several_pending_writes_are_committed_while_the_event_loop_goes_on(writer: Writer) -> None:
    writer.write(insert(100))
    gevent.sleep(0.05)  # the native thread waits for more
    done: list[int] = []
    jobs = [gevent.spawn(writer.write, lambda transaction: done.append(1)) for _ in range(EARLY)]
    gevent.sleep(0)
    end = time.monotonic() + 5
    while len(done) < EARLY and time.monotonic() < end:
        pass  # this round of the event loop does not end
    assert len(done) == EARLY
    gevent.joinall(jobs, timeout=5, raise_error=True)


class Sizes(BatchStore):
    """Stores nothing; keeps how many items each commit had, the first of which waits for `released`."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.released = get_original("threading", "Event")()

    def store(self, transaction, items):
        self.sizes.append(len(items))
        assert self.released.wait(5)
        return items


def test_a_commit_takes_half_of_what_is_under_way(writer: Writer) -> None:
    """The senders of one half are answered while the other half is committed."""
    store = Sizes()
    first = [gevent.spawn(writer.write_with, store, number) for number in range(EARLY)]
    gevent.sleep(0.05)
    others = [gevent.spawn(writer.write_with, store, number) for number in range(4 * EARLY)]
    gevent.sleep(0)
    store.released.set()
    gevent.joinall([*first, *others], timeout=5, raise_error=True)
    assert store.sizes[:2] == [EARLY, (EARLY + 4 * EARLY) // 2] and sum(store.sizes) == 5 * EARLY
