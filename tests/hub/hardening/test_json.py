"""JSON that is made to hold the parser: refused with a sentence, and nobody else waits."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.helpers import HubProcess, wait_for
from tests.support.load import PATIENCE, Bystander, Memory
from tests.support.lpr import g4

LOOP_SECONDS = 0.25 * PATIENCE  # the loop is held for 50 ms at most; the attack uses both cores as well
MB = 1024 * 1024


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("json") / "instance") as process:
        yield process


def brackets(size: int) -> bytes:
    return b"[" + b",".join([b"[]"] * (size // 3)) + b"]"


PATHS = (
    "/api/detection",
    "/api/health",
    "/api/data",
    "/api/captures",
    "/api/stations/status",
    "/api/watchlist",
    "/device-registration/register",
)


@pytest.mark.parametrize("size", [1, 4, 16, 60])
def test_lists_of_nothing_over_rest(own: HubProcess, size: int) -> None:
    body = brackets(size * MB)
    with Memory(own) as memory, Bystander(own) as other:
        for path in PATHS if size < 16 else PATHS[:1]:
            with contextlib.suppress(requests.ConnectionError):
                answer = requests.post(
                    own.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=60
                )
                assert answer.status_code in (400, 413), (path, answer.status_code)
    assert other.longest < LOOP_SECONDS and not other.failures
    assert memory.peak - memory.before < 300


@pytest.mark.alone
def test_five_at_once(own: HubProcess) -> None:
    body = brackets(16 * MB)
    codes: list[int] = []

    def attack() -> None:
        with contextlib.suppress(requests.ConnectionError):
            codes.append(
                requests.post(
                    own.url + "/api/detection", data=body, headers={"Content-Type": "application/json"}, timeout=60
                ).status_code
            )

    with Memory(own) as memory, Bystander(own) as other:
        threads = [threading.Thread(target=attack) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(codes) <= {400, 413, 503}
    assert other.longest < LOOP_SECONDS and memory.peak - memory.before < 300


def send_large(client: websocket.WebSocket, text: str) -> None:
    """Send a text frame with a mask of zeros: the client's own masking would hold this process, the bystander too."""
    payload = text.encode()
    client.sock.sendall(b"\x81\xff" + len(payload).to_bytes(8, "big") + bytes(4))
    client.sock.sendall(payload)


@pytest.mark.parametrize("size", [1, 4, 15])
def test_lists_of_nothing_over_sockets(own: HubProcess, size: int) -> None:
    body = brackets(size * MB).decode()
    with Memory(own) as memory, Bystander(own) as other:
        for url in (f"ws://127.0.0.1:{own.side['lpr']}/", f"ws://127.0.0.1:{own.side['results']}/"):
            client = websocket.create_connection(url, timeout=30)
            send_large(client, body)
            with contextlib.suppress(websocket.WebSocketException, OSError):
                assert b"success" in client.recv().encode()
            client.close()
        for packet in (f'42["lpr_data",{body}]', f'42["capture_result",{body}]', f'42["unknown",{body}]', f"40{body}"):
            client = websocket.create_connection(
                f"ws://127.0.0.1:{own.port}/socket.io/?EIO=4&transport=websocket", timeout=30
            )
            client.recv()
            if not packet.startswith("40"):
                client.send("40")
                client.recv()
            send_large(client, packet)
            with contextlib.suppress(websocket.WebSocketException, OSError):
                client.settimeout(2)
                client.recv()
            client.close()
    assert other.longest < LOOP_SECONDS and not other.failures
    assert memory.peak - memory.before < 300


def test_a_large_picture_is_still_taken(own: HubProcess) -> None:
    text = "/9j/" + "A" * (12 * MB)
    with Bystander(own) as other:
        answer = requests.post(own.url + "/api/detection", json=g4(image=text), timeout=60)
    assert answer.status_code == 200, answer.text[:300]
    assert other.longest < LOOP_SECONDS


def send_at_once(own: HubProcess, attack: Callable[[], None]) -> Bystander:
    """Run `attack` twenty times at once; the other client that waited meanwhile."""
    with Bystander(own) as other:
        threads = [threading.Thread(target=attack) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    return other


@pytest.mark.alone
def test_single_quotes(own: HubProcess) -> None:
    """20 senders of the reading that costs the hub most: 58 KB in single quotes."""
    token = (Path(own.instance) / "apriltag_token").read_text().strip()
    fields = ",".join(f"'k{number}':'it's {number}'" for number in range(2800))
    quoted = ("{" + fields + "}").encode()
    assert 50_000 < len(quoted) < 64 * 1024
    codes: list[int] = []

    def attack() -> None:
        for _ in range(3):
            headers = {"Authorization": token, "Content-Type": "application/json"}
            codes.append(requests.post(own.url + "/apriltag", data=quoted, headers=headers, timeout=60).status_code)

    other = send_at_once(own, attack)
    assert set(codes) == {200}
    assert other.longest < 2 * LOOP_SECONDS


@pytest.mark.alone
def test_chunks_of_one_byte(own: HubProcess) -> None:
    """20 connections that send 300 KB in chunks of one byte."""
    head = "POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    data = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (300 * 1024) + b"0\r\n\r\n"

    def attack() -> None:
        with socket.create_connection(("127.0.0.1", own.port), 60) as sock, contextlib.suppress(OSError):
            sock.sendall(data)
            sock.settimeout(60)
            sock.recv(65536)

    assert send_at_once(own, attack).longest < 2 * LOOP_SECONDS


def test_malformed_packets_log_no_traceback(own: HubProcess) -> None:
    for packet in (
        "9",
        "4",
        "49",
        "42",
        "42[",
        '42["x"',
        "45-",
        "4999999999-[]",
        "451-[",
        '42{"a":1}',
        "bAAAA",
        "4" + "[" * 3000,
        "\x00",
    ):
        client = websocket.create_connection(
            f"ws://127.0.0.1:{own.port}/socket.io/?EIO=4&transport=websocket", timeout=10
        )
        client.recv()
        client.send(packet)
        client.close()
    wait_for(lambda: own.get("/api/test"), 5)
    session = requests.get(f"{own.url}/socket.io/?EIO=4&transport=polling", timeout=5).text
    sid = json.loads(session[1:])["sid"]
    for body in ("x", "9", "4" * 10, "\x1e" * 2000, "b!!!!"):
        requests.post(f"{own.url}/socket.io/?EIO=4&transport=polling&sid={sid}", data=body, timeout=5)
    assert "Traceback" not in (own.instance / "hub.log").read_text("utf-8") + own.text()
