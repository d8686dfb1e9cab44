"""Faults of a PostgreSQL database at the start: the hub ends with one sentence that names the next step."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.store.errors import StoreUnusable
from hub.store.migrations.revisions import REVISIONS
from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.driver import driver
from hub.store.postgresql.picture_tables import DETECTIONS, PARTITION
from hub.store.postgresql.start import prepare
from tests.support import stores
from tests.support.helpers import HubProcess

needs_server = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


WRONG_PASSWORD = _message(b"E", b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "gate"\0\0')
OLD = (
    _message(b"R", struct.pack(">I", 0))
    + _message(b"S", b"server_version\x009.6.24\0")
    + _message(b"S", b"client_encoding\0UTF8\0")
    + _message(b"Z", b"I")
)
DONE = _message(b"C", b"SET\0") + _message(b"Z", b"I")


@contextmanager
def server(reply: bytes) -> Iterator[str]:
    """A server that answers every login with the same bytes; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with socket.socket() as nothing, listener:
            del nothing
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    while data := line.recv(4096):
                        if data[4:8] in (struct.pack(">I", 80877103), struct.pack(">I", 80877104)):
                            line.sendall(b"N")  # no TLS
                        elif data[:1] in (b"Q", b"P"):
                            line.sendall(DONE)
                        else:
                            line.sendall(reply)
                            if reply[:1] == b"E":
                                break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"postgresql://gate:secret-word@127.0.0.1:{listener.getsockname()[1]}/gate"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (WRONG_PASSWORD, "the password or the user of store.url is wrong; correct it there"),
        (OLD, "it is of version 9 of PostgreSQL, and Gatehouse needs 14 or newer; upgrade the server"),
    ],
)
def test_a_server_that_refuses_or_is_too_old(reply: bytes, words: str) -> None:
    with server(reply) as address, pytest.raises(StoreUnusable) as raised:
        prepare(PostgresBackend(address))
    assert words in str(raised.value)
    assert "secret-word" not in str(raised.value) and "\n" not in str(raised.value)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hub = HubProcess(tmp_path / "instance", HUB_STORE_URL=f"postgresql://gate:secret-word@127.0.0.1:{port}/gate")
    with pytest.raises(AssertionError, match="the hub ended with 1"):
        hub.start()
    (line,) = hub.text().strip().splitlines()
    assert line.endswith("start PostgreSQL, or correct store.url.") and "secret-word" not in line


@needs_server
def test_a_database_that_does_not_exist() -> None:
    with pytest.raises(StoreUnusable, match="there is no such database; create it with `createdb`"):
        prepare(PostgresBackend(stores.url("gatehouse_test_nowhere")))


@needs_server
def test_a_newer_schema_and_the_tables_of_another_program(tmp_path: Path) -> None:
    newer = REVISIONS[-1].number + 1
    with stores.using("postgresql"):
        address = stores.environ(tmp_path)["HUB_STORE_URL"]
        stores.server(f"UPDATE schema_revision SET number = {newer}", stores.database(tmp_path))
        with pytest.raises(StoreUnusable, match=f"schema revision {newer}.* Start the newer version"):
            prepare(PostgresBackend(address))
        stores.server("DROP TABLE lpr_plates, corrections, lpr_records CASCADE", stores.database(tmp_path))
        with pytest.raises(StoreUnusable, match="tables of another program; create a database for Gatehouse alone"):
            prepare(PostgresBackend(address))


@needs_server
def test_a_start_waits_for_no_statement_of_another_hub(tmp_path: Path) -> None:
    """One that stores pictures holds their tables, and may wait for the lock of writers that the start has."""
    with stores.using("postgresql"):
        address = stores.environ(tmp_path)["HUB_STORE_URL"]
        with driver().connect(address) as other:
            other.execute("LOCK TABLE detection_pictures, capture_pictures IN ROW EXCLUSIVE MODE")
            other.execute("SET lock_timeout = '1s'")
            starting = threading.Thread(target=prepare, args=(PostgresBackend(address),))
            starting.start()
            starting.join(20)
            waits = starting.is_alive()
            other.rollback()
            starting.join(20)
            assert not waits


@needs_server
def test_a_partition_of_pictures_is_added_beside_statements_of_another_hub(tmp_path: Path) -> None:
    with stores.using("postgresql"):
        backend = PostgresBackend(stores.environ(tmp_path)["HUB_STORE_URL"])
        connection = backend.connect()
        with driver().connect(stores.environ(tmp_path)["HUB_STORE_URL"]) as other:
            other.execute("LOCK TABLE detection_pictures IN ROW EXCLUSIVE MODE")
            connection.execute("SET lock_timeout = '2s'")
            for _ in range(2):
                connection.execute(PARTITION.format(table=DETECTIONS, day=20_000))
        connection.execute(f"INSERT INTO {DETECTIONS} (day, name, size, data) VALUES (20000, 'a', 1, 'x')")
        rows = stores.server(
            "SELECT count(*), (SELECT attstorage FROM pg_attribute WHERE attname = 'data' AND "
            "attrelid = 'detection_pictures_20000'::regclass) FROM detection_pictures_20000",
            stores.database(tmp_path),
        )
        assert rows == [(1, "e")]
        connection.close()


@needs_server
def test_the_status_names_the_database_that_is_used(tmp_path: Path) -> None:
    with stores.using("postgresql"):
        hub = HubProcess(tmp_path / "instance")
        hub.start()
        try:
            versions = hub.get("/status")["versions"]
        finally:
            hub.stop()
        number = stores.server("SHOW server_version", stores.database(hub.instance))[0][0].split()[0]
    assert versions["PostgreSQL"] == number and "SQLite" not in versions
