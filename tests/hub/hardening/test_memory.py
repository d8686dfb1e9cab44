"""What connections may make the hub hold in memory: under 500 MB in each case, and everybody else is served."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.attacks import LIMIT_MB, MB, connection, frame_head, large_picture, socketio_client, websocket_open
from tests.support.helpers import HubProcess, wait_for
from tests.support.load import PATIENCE, Bystander, Memory
from tests.support.lpr import g4


@pytest.fixture
def own(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance", HUB_VISITS_ENABLED="false") as process:
        yield process


@pytest.mark.slow
def test_a_page_of_pictures_as_base64(own: HubProcess) -> None:
    picture = base64.b64encode(large_picture(15 * MB)).decode()
    for _ in range(10):
        assert requests.post(own.url + "/api/detection", json=g4(image=picture), timeout=60).status_code == 200
    longest = 0.0
    with Memory(own) as memory:
        ids = []
        cursor: dict[str, str] = {}
        while True:
            query = {"images": "base64", "limit": 10, **cursor}
            with Bystander(own) as other:  # not while this process decodes 200 MB of JSON, which holds its own GIL
                answer = requests.get(own.url + "/api/records", params=query, timeout=60)
            longest = max(longest, other.longest)
            page = answer.json()
            ids += [row["detection_id"] for row in page["records"]]
            assert all(row["original_image"] == picture for row in page["records"])
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert len(set(ids)) == 10
    assert memory.peak < LIMIT_MB, memory.peak
    assert longest < PATIENCE


@pytest.mark.slow
def test_bytes_are_given_back_whatever_happens(own: HubProcess) -> None:
    """200 connections that break in every state, one after the other."""
    for number in range(200):
        kind = number % 5
        with contextlib.suppress(OSError, websocket.WebSocketException):
            if kind == 0:
                sock = websocket_open(own.side["lpr"])
                sock.sendall(frame_head(8 * MB) + b"x" * MB)
            elif kind == 1:
                sock = websocket_open(own.side["lpr"])
                sock.sendall(frame_head(MB, fin=False) + b"x" * MB + b"\xff")
            elif kind == 2:
                sock = websocket_open(own.side["results"])
                sock.sendall(frame_head(MB) + b"[" * MB)
            elif kind == 3:
                sock = socketio_client(own).sock
                sock.sendall(b"\x81\x99\0\0\0\x00" + b'4510-["lpr_data",{"a":1}]')
                sock.sendall(frame_head(MB, 2) + b"x" * MB)
            else:
                sock = socketio_client(own).sock
                sock.sendall(frame_head(MB) + b'421["lpr_data","' + b"x" * (MB - 16))
            sock.close()

    def held() -> list[int]:
        status = own.get("/status")
        sockets = status["socketio"]
        return [
            status["memory"]["held"],
            status["outgoing_queues"]["held"],
            sockets["queued_bytes"],
            sockets["events_in_flight_bytes"],
            sockets["attachment_bytes"],
        ]

    wait_for(lambda: not any(held()), what="that nothing is held")


def test_unfinished_bodies(own: HubProcess) -> None:
    sockets = []
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(60):
            sock = connection(own.port)
            sock.sendall(
                b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % (41 * MB)
            )
            sockets.append(sock)
        piece = b"x" * MB

        def fill(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):
                for _ in range(40):
                    sock.sendall(piece)

        threads = [threading.Thread(target=fill, args=(sock,)) for sock in sockets]
        for thread in threads:
            thread.start()
        answer = requests.post(own.url + "/api/detection", json=g4(), timeout=10)
        assert answer.status_code == 200
        for thread in threads:
            thread.join(60)
        for sock in sockets:
            sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE
    wait_for(
        lambda: (
            requests.post(
                own.url + "/api/detection", json=g4(image=base64.b64encode(large_picture(10 * MB)).decode()), timeout=30
            ).status_code
            == 200
        )
    )


@pytest.mark.slow
def test_unfinished_messages_kept_by_pongs(own: HubProcess) -> None:
    sockets = []
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(100):
            sock = websocket_open(own.side["lpr"])
            sockets.append(sock)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.settimeout(5)
                sock.sendall(frame_head(16 * MB) + b"x" * (15 * MB))
                sock.sendall(b"\x8a\x80\0\0\0\0")
        answer = requests.post(own.url + "/api/detection", json=g4(), timeout=10)
        assert answer.status_code == 200
        for sock in sockets:
            sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE


@pytest.mark.slow
def test_fragments_that_never_end(own: HubProcess) -> None:
    with Memory(own) as memory, Bystander(own) as other:
        sock = websocket_open(own.side["lpr"])
        with contextlib.suppress(OSError):
            sock.settimeout(5)
            sock.sendall(b"\x01\x80\0\0\0\0")
            for _ in range(400_000):
                sock.sendall(b"\x00\x80\0\0\0\0")
        sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE


@pytest.mark.slow
def test_slow_readers_of_a_large_picture(own: HubProcess) -> None:
    picture = base64.b64encode(large_picture(15 * MB)).decode()
    stored = requests.post(own.url + "/api/detection", json=g4(image=picture), timeout=60).json()
    link = own.get(f"/api/records/{stored['detection_id']}")["record"]["original_image"]
    name = link.rpartition("/")[2]
    sockets = []
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(100):
            sock = connection(own.port)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(f"GET /images/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            sockets.append(sock)
        time.sleep(3)
        good = requests.get(f"{own.url}/images/{name}", timeout=20)
        assert good.status_code in (200, 503)
        for sock in sockets:
            sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE
    wait_for(lambda: requests.get(f"{own.url}/images/{name}", timeout=20).content[-2:] == b"\xff\xd9")


@pytest.mark.slow
def test_a_page_that_never_reads_its_events(tmp_path: Path) -> None:
    text = "Y" * 60_000
    with HubProcess(tmp_path / "instance", HUB_LIMITS_MAX_QUEUE_MB="2") as hub:
        sock = websocket_open(hub.port, "/events")
        with Memory(hub) as memory, Bystander(hub) as other, requests.Session() as session:
            for number in range(2000):
                session.post(
                    hub.url + "/api/captures",
                    json={"tag": f"T{number}", "message": text, "errors": [text[:1900]] * 150},
                    timeout=20,
                )
                pages = hub.get("/status")["pages"]
                assert pages["queued_bytes"] <= 2 * MB
                if pages["dropped_listeners"]:
                    break
        assert pages["dropped_listeners"] == 1 and pages["queued_bytes"] == 0
        assert hub.get("/status")["outgoing_queues"]["held"] == 0
        sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE


def test_idle_keep_alive_connections_keep_nobody_out(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", HUB_LIMITS_MAX_CONNECTIONS="200") as hub:
        idle = []
        for _ in range(200):
            sock = connection(hub.port)
            sock.sendall(b"GET /api/test HTTP/1.1\r\nHost: localhost\r\n\r\n")
            sock.recv(4096)
            idle.append(sock)
        for _ in range(20):
            began = time.monotonic()
            assert requests.get(hub.url + "/api/test", timeout=10).status_code == 200
            assert time.monotonic() - began < PATIENCE
        for sock in idle:
            sock.close()
