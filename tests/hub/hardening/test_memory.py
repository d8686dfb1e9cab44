"""What connections may make the hub hold in memory: under 500 MB in each case, and everybody else is served."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.load import Bystander, Memory
from tests.support.lpr import g4

MB = 1024 * 1024
LIMIT_MB = 500


@pytest.fixture
def own(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance") as process:
        yield process


def large_picture(size: int) -> bytes:
    """A JPEG padded to `size` bytes with comments."""
    data = jpeg()
    comment = b"\xff\xfe" + struct.pack(">H", 65535) + os.urandom(65533)
    return data[:2] + comment * (size // len(comment)) + data[2:]


def connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30)


def websocket_open(port: int, path: str = "/") -> socket.socket:
    sock = connection(port)
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in sock.recv(4096)
    return sock


def frame_head(size: int, opcode: int = 1, fin: bool = True) -> bytes:
    return struct.pack(">BBQ", opcode | (0x80 if fin else 0), 0x80 | 127, size) + b"\0\0\0\0"


@pytest.mark.slow
def test_a_page_of_pictures_as_base64(own: HubProcess) -> None:
    picture = base64.b64encode(large_picture(15 * MB)).decode()
    for _ in range(10):
        assert requests.post(own.url + "/api/detection", json=g4(image=picture), timeout=60).status_code == 200
    with Memory(own) as memory, Bystander(own) as other:
        ids = []
        cursor: dict[str, str] = {}
        while True:
            page = requests.get(
                own.url + "/api/records", params={"images": "base64", "limit": 10, **cursor}, timeout=60
            ).json()
            ids += [row["detection_id"] for row in page["records"]]
            assert all(row["original_image"] == picture for row in page["records"])
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert len(set(ids)) == 10
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < 1.0


@pytest.mark.parametrize("announced", [999_999_999, 10_000, 200])
def test_an_event_that_announces_attachments(own: HubProcess, announced: int) -> None:
    with Memory(own) as memory, Bystander(own) as other:
        client = websocket.create_connection(
            f"ws://127.0.0.1:{own.port}/socket.io/?EIO=4&transport=websocket", timeout=30
        )
        client.recv()
        client.send("40")
        client.recv()
        with contextlib.suppress(websocket.WebSocketException, OSError):
            client.send(f'45{announced}-["lpr_data",{{"_placeholder":true,"num":0}}]')
            for _ in range(40):
                client.send_binary(b"x" * (15 * MB))
        client.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < 1.0


def test_a_socketio_client_that_never_reads(own: HubProcess) -> None:
    with Memory(own) as memory, Bystander(own) as other:
        sock = websocket_open(own.port, "/socket.io/?EIO=4&transport=websocket")

        def send(text: str) -> None:
            data = text.encode()
            head = (
                struct.pack(">BB", 0x81, 0x80 | len(data))
                if len(data) < 126
                else struct.pack(">BBH", 0x81, 0x80 | 126, len(data))
            )
            sock.sendall(head + b"\0\0\0\0" + data)

        sock.settimeout(10)
        send("40")
        text = "x" * 60_000
        with contextlib.suppress(OSError):
            for number in range(8000):
                send(f'42{number}["ping","{text[:50000]}"]')
        time.sleep(1)
        sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < 1.0


def test_a_polling_session_that_never_polls(own: HubProcess) -> None:
    import json

    session = requests.Session()
    base = f"{own.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(session.get(base, timeout=10).text[1:])["sid"]
    session.post(f"{base}&sid={sid}", data="40", timeout=10)
    body = "\x1e".join(f'42{number}["ping","{"x" * 50_000}"]' for number in range(100))
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(100):
            with contextlib.suppress(requests.RequestException):
                if session.post(f"{base}&sid={sid}", data=body, timeout=30).status_code >= 400:
                    break
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < 1.0


def test_unfinished_bodies(own: HubProcess) -> None:
    sockets = []
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(60):
            sock = connection(own.port)
            sock.sendall(
                b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (41 * MB)
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
    assert other.longest < 1.0
    wait_for(
        lambda: (
            requests.post(
                own.url + "/api/detection", json=g4(image=base64.b64encode(large_picture(10 * MB)).decode()), timeout=30
            ).status_code
            == 200
        )
    )


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
    assert other.longest < 1.0


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
    assert other.longest < 1.0


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
    assert other.longest < 1.0
    wait_for(lambda: requests.get(f"{own.url}/images/{name}", timeout=20).content[-2:] == b"\xff\xd9")


def test_a_page_that_never_reads_its_events(own: HubProcess) -> None:
    sock = websocket_open(own.port, "/events")
    text = "Y" * 60_000
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(2000):
            requests.post(
                own.url + "/api/captures", json={"tag": "T", "message": text, "errors": [text[:1900]] * 150}, timeout=20
            )
    sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < 1.0


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
            assert time.monotonic() - began < 1.0
        for sock in idle:
            sock.close()
