"""The load generator against a real hub: what it counts as stored is in the database, and refusals are errors."""

from __future__ import annotations

import socket
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.helpers import ROOT, HubProcess

sys.path.insert(0, str(ROOT / "bench"))

from load import Camera, Load, run_load
from load_frames import Frame, masked, split

CLIENTS, RECORDS = 3, 12


@pytest.mark.parametrize(("door", "size"), [("rest", 1), ("rest", 60), ("socketio", 1), ("socketio", 60), ("ws", 1)])
def test_records_that_the_load_counts_as_stored_are_in_the_database(tmp_path: Path, door: str, size: int) -> None:
    with HubProcess(tmp_path / "hub") as hub:
        port = hub.side["lpr"] if door == "ws" else hub.port
        found = run_load(Load(door, size, CLIENTS, 0.0, port, 1, RECORDS))
        with closing(sqlite3.connect(f"file:{hub.instance / 'hub.db'}?mode=ro", uri=True)) as connection:
            rows = dict(connection.execute("SELECT id, picture_bytes FROM lpr_records").fetchall())
    assert (found.errors, len(found.times), found.processor > 0) == (0, RECORDS, True)
    assert {name.decode() for name in found.ids} == set(rows)
    assert all(bool(pictures) == (size == 60) for pictures in rows.values())


def test_a_record_that_is_refused_is_an_error(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", HUB_LIMITS_MAX_BODY_MB="1") as hub:
        found = run_load(Load("rest", 2000, 1, 0.0, hub.port, 1, 1))
    assert (found.errors, found.ids) == (1, set())


def test_each_record_has_another_event_id_and_the_same_length() -> None:
    frame = Frame("socketio", b'{"event_id":"@@@@@@@@@@@@@@@@"}', "0a0b0c0d")
    first, second = bytes(frame.numbered()), bytes(frame.numbered())
    assert b'"0a0b0c0d00000000"' in first
    assert second == first.replace(b"0d00000000", b"0d00000001")


def test_frames_are_found_in_pieces_of_any_size() -> None:
    texts = [b"2", b"a" * 125, b"b" * 126, b"c" * 70_000]
    data = b"\x81\x01" + texts[0] + b"\x81\x7d" + texts[1] + b"\x89\x00" + b"\x81\x7e\x00\x7e" + texts[2]
    data += b"\x81\x7f" + (70_000).to_bytes(8, "big") + texts[3]
    for size in (1, 3, 1000, len(data)):
        found: list[bytes] = []
        rest = b""
        for start in range(0, len(data), size):
            payloads, rest = split(rest + data[start : start + size])
            found += payloads
        assert (found, rest) == (texts, b"")


ANSWER = b'431[{"success":true}]'


def text_frame(text: bytes) -> bytes:
    return b"\x81" + bytes([len(text)]) + text


def test_a_ping_that_comes_with_an_answer_is_answered() -> None:
    """Else a hub closes the connection of a camera that has done no wrong."""
    heard = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            connection.recv(4096)
            connection.sendall(text_frame(b"40{}"))
            connection.sendall(text_frame(ANSWER) + text_frame(b"2"))
            heard.append(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        camera = Camera(Load("socketio", 1, 1, 0.0, listener.getsockname()[1], 1), 0)
        answer = None
        until = time.monotonic() + 10
        while answer is None and time.monotonic() < until:
            answer = camera.receive()
        server.join(15)
        camera.sock.close()
    assert answer == ANSWER
    assert heard == [masked(b"3")]
