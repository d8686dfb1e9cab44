"""A full disk and a damaged database: what the writer, the readers and the status page make of them."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from sqlalchemy import text

from hub.store import disk as disk_module
from hub.store.database_faults import DatabaseFaults
from hub.store.disk import DiskWatch
from hub.store.errors import DatabaseError, DatabaseUnreadable
from hub.store.reader import Reader
from hub.store.sqlite import backend as backend_module
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.connection import Way, connect
from hub.store.writer import StoreBusy, Writer
from tools.logs.log_file import LogFile

INSERT = "INSERT INTO t (a) VALUES (:a)"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A table of 500 rows over some pages, and one of a row."""
    path = tmp_path / "hub.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    connection.begin()
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(number, f"row {number} " * 20) for number in range(500)])
    connection.commit()
    connection.execute("CREATE TABLE small (a INTEGER)")
    connection.execute("INSERT INTO small VALUES (7)")
    connection.close()
    return path


def damage(path: Path, row: int) -> None:
    """Overwrite the page that holds this row."""
    content = bytearray(path.read_bytes())
    place = content.index(f"row {row} row".encode()) // 4096 * 4096
    content[place : place + 4096] = b"\xee" * 4096
    path.write_bytes(content)


@pytest.fixture
def writer(database: Path) -> Iterator[Writer]:
    writer = Writer(SqliteBackend(database))
    runner = gevent.spawn(writer.run)
    yield writer
    writer.close()
    runner.get(timeout=5)


def test_rows_that_cannot_be_read_are_503_and_counted(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    damage(database, 250)
    reader = Reader(SqliteBackend(database))
    assert [row["a"] for row in reader.all(text("SELECT a FROM t LIMIT 3"))] == [0, 1, 2]
    for _ in range(3):
        with pytest.raises(DatabaseUnreadable, match=r"hub.db cannot be read .*malformed.*backup") as caught:
            reader.all(text("SELECT * FROM t"))
    assert caught.value.status == 503 and caught.value.retry_after is None
    assert reader.faults.status()["corrupt_reads"] == 3 and caplog.text.count("hub.db cannot be read") == 1
    assert "3 requests were refused" in reader.faults.warnings()[0]
    assert reader.all(text("SELECT a FROM small"))[0]["a"] == 7
    with pytest.raises(DatabaseError, match="no such table") as other:
        reader.all(text("SELECT * FROM absent"))
    assert not isinstance(other.value, DatabaseUnreadable), "a mistake of the hub stays one"
    reader.close()


def test_text_that_is_not_utf8_is_damage(database: Path) -> None:
    connection = connect(database)
    connection.execute("UPDATE t SET b = CAST(x'ff00fe' AS TEXT) WHERE a = 1")
    connection.close()
    reader = Reader(SqliteBackend(database))
    with pytest.raises(DatabaseUnreadable, match="Could not decode"):
        reader.all(text("SELECT * FROM t"))
    reader.close()


def test_a_database_that_is_busy_is_asked_again(database: Path) -> None:
    faults = DatabaseFaults(SqliteBackend(database))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    raised = faults.report(error)
    assert isinstance(raised, DatabaseUnreadable) and raised.retry_after and "Try again" in raised.message
    assert "a moment ago" in faults.warnings()[0] and faults.status()["failed_reads"] == 1


def test_the_check_finds_damage_and_can_be_stopped(database: Path) -> None:
    backend = SqliteBackend(database)
    sound, stopped = backend.checker(), backend.checker()
    assert sound.check() == []
    sound.stop()
    damage(database, 250)
    faults = DatabaseFaults(backend)
    faults.report_check(backend.checker().check())
    assert faults.status()["damage_found"] and "hub.db cannot be read" in faults.warnings()[0]
    stopped.stop()
    assert stopped.check() == []


def test_a_record_whose_page_is_damaged_costs_only_itself(writer: Writer, database: Path) -> None:
    damage(database, 250)
    good = gevent.spawn(writer.write, lambda transaction: transaction.execute(INSERT, {"a": 1000}).rowcount)
    bad = gevent.spawn(writer.write, lambda transaction: transaction.execute(INSERT, {"a": 250}).rowcount)
    gevent.joinall([good, bad], timeout=10)
    assert good.value == 1
    assert isinstance(bad.exception, StoreBusy) and "hub.db cannot be read" in str(bad.exception)
    assert writer.status()["not_stored"] == 1 and "malformed" in writer.last_error


def test_the_writer_connects_again_after_an_outage(writer: Writer, database: Path) -> None:
    assert writer.write(lambda transaction: transaction.execute(INSERT, {"a": 1000}).rowcount) == 1

    def full(transaction: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with pytest.raises(StoreBusy, match="disk is full") as caught:
        writer.write(full)
    assert caught.value.retry_after and writer.disk_full and writer._committer._connection is None
    writer.probe()
    assert not writer.disk_full and writer.failure is None
    assert writer.write(lambda transaction: transaction.execute(INSERT, {"a": 1001}).rowcount) == 1


def test_the_disk_is_watched(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = [10_000_000_000]
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(disk_module.shutil, "disk_usage", lambda _: usage(20_000_000_000, 0, free[0]))
    monkeypatch.setattr(disk_module, "POLL_SECONDS", 0.01)
    watch = DiskWatch(tmp_path, writer, 500)
    assert watch.warnings() == []
    status = watch.status()
    assert (status["free_mb"], status["total_mb"], status["full"]) == (10_000.0, 20_000.0, False)
    runner = gevent.spawn(watch.run)

    def shown(text: str) -> bool:
        for _ in range(500):
            if text in "".join(watch.warnings()) and (text or not watch.warnings()):
                return True
            gevent.sleep(0.01)
        return False

    try:
        free[0] = 400_000_000
        assert shown("has only 400 MB free")
        free[0] = 4096
        assert shown("is full: records are refused with 503 until there is room")
        assert watch.status()["full"] is True
        free[0] = 10_000_000_000
        assert shown("")

        def broken(transaction: object) -> None:
            raise OSError(5, "Input/output error")

        with pytest.raises(StoreBusy):
            writer.write(broken)
        assert "The hub cannot store now" in watch.warnings()[0] and "1 records were refused" in watch.warnings()[0]
        assert shown(""), "it tries by itself"
    finally:
        runner.kill()
    assert "is full" in caplog.text and "There is room on the disk" in caplog.text


@pytest.mark.parametrize("way", [Way.PRIVATE_INDEX, Way.SNAPSHOT])
def test_without_room_for_shared_memory_the_database_is_read(
    database: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    if way is Way.PRIVATE_INDEX and os.name != "posix":
        pytest.skip("This way exists on POSIX only.")
    room = [False]
    real = backend_module.connect

    def connect_without_room(path: Path, synchronous: str = "FULL", how: Way = Way.FILE) -> sqlite3.Connection:
        if how is Way.FILE and not room[0]:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
            raise error
        return real(path, synchronous, how)

    monkeypatch.setattr(backend_module, "FALLBACK", way)
    monkeypatch.setattr(backend_module, "connect", connect_without_room)
    backend = SqliteBackend(database)
    reader, writer = Reader(backend), Writer(backend)
    runner = gevent.spawn(writer.run)
    assert len(reader.all(text("SELECT a FROM t"))) == 500
    if way is Way.SNAPSHOT:
        with pytest.raises(StoreBusy, match="readonly"):
            writer.write(lambda transaction: transaction.execute(INSERT, {"a": 1000}).rowcount)
    room[0] = True
    assert writer.write(lambda transaction: transaction.execute(INSERT, {"a": 1000}).rowcount) == 1
    assert len(reader.all(text("SELECT a FROM t"))) == 501
    writer.close()
    runner.get(timeout=5)
    reader.close()


def test_a_snapshot_is_not_taken_where_the_wal_holds_records(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "FALLBACK", Way.SNAPSHOT)
    database.with_name("hub.db-wal").write_bytes(b"x")
    assert SqliteBackend(database)._has_fallback() is False


def test_lines_that_cannot_be_logged_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = LogFile(tmp_path / "hub.log")
    log = logging.Logger("of a full disk")
    log.addHandler(file)
    stream, file.stream = file.stream, open("/dev/full", "w") if os.path.exists("/dev/full") else pytest.skip("no disk")
    for number in range(3):
        log.warning("line %d", number)
    full, file.stream = file.stream, stream
    log.warning("again")
    file.close()
    try:
        full.close()
    except OSError:
        pass
    told = capsys.readouterr().err
    assert told.count("cannot be written (") == 1 and "3 lines are missing" in told and "Traceback" not in told
    assert (tmp_path / "hub.log").read_text("utf-8") == "again\n"


def test_a_disk_that_fails_now_and_then_is_logged_at_intervals(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(transaction: object) -> None:
        raise OSError(5, "Input/output error")

    for number in range(5):
        with pytest.raises(StoreBusy):
            writer.write(broken)
        writer.write(lambda transaction, number=number: transaction.execute(INSERT, {"a": 1000 + number}))
    assert caplog.text.count("could not be stored") == 1 and writer.not_stored == 5
