"""What Socket.IO clients may make the hub hold in memory: attachments, replies and events that nobody reads."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.attacks import LIMIT_MB, MB, socketio_client, websocket_open
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.load import PATIENCE, Bystander, Memory
from tests.support.lpr import g4


@pytest.fixture
def own(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance", HUB_VISITS_ENABLED="false") as process:
        yield process


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
    assert other.longest < PATIENCE


@pytest.mark.slow
def test_attachments_of_many_clients(own: HubProcess) -> None:
    """Each stays below every limit of one connection; together they would hold 600 MB."""
    clients = []
    with Memory(own) as memory, Bystander(own) as other:
        for _ in range(10):
            client = socketio_client(own)
            clients.append(client)
            with contextlib.suppress(websocket.WebSocketException, OSError):
                client.send('4564-["lpr_data",{"_placeholder":true,"num":0}]')
                for _ in range(60):
                    client.send_binary(b"x" * MB)
        answer = requests.post(own.url + "/api/detection", json=g4(), timeout=10)
        assert answer.status_code == 200
        for client in clients:
            client.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE
    wait_for(lambda: own.get("/status")["memory"]["held"] == 0)
    client = socketio_client(own)
    client.send('451-["lpr_data",' + json.dumps(g4(image={"_placeholder": True, "num": 0})) + "]")
    client.send_binary(jpeg())
    assert client.recv().startswith('42["lpr_response",{"success":true')
    client.close()


@pytest.mark.slow
def test_a_socketio_client_that_never_reads(own: HubProcess) -> None:
    text = "x" * 2000  # the longest that is echoed: each event has two replies of that length
    with Memory(own) as memory, Bystander(own) as other:
        sock = websocket_open(own.port, "/socket.io/?EIO=4&transport=websocket")

        def frame(text: str) -> bytes:
            head = struct.pack(">BBH", 0x81, 0x80 | 126, len(text))
            return head + b"\0\0\0\0" + text.encode()

        sock.settimeout(10)
        sock.sendall(frame("40" + " " * 200))
        sock.sendall(b"\x81\x82\0\0\0\x0040")
        block = b"".join(frame(f'42{number}["ping","{text}"]') for number in range(500))
        with pytest.raises(OSError):  # it is disconnected
            for _ in range(300):
                sock.sendall(block)
        sock.close()
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE
    status = own.get("/status")
    assert status["socketio"]["ended_connections"] == 1 and status["outgoing_queues"]["held"] == 0


@pytest.mark.slow
def test_a_polling_session_that_never_polls(own: HubProcess) -> None:
    session = requests.Session()
    base = f"{own.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(session.get(base, timeout=10).text[1:])["sid"]
    session.post(f"{base}&sid={sid}", data="40", timeout=10)
    body = "\x1e".join(f'42{number}["ping","{"x" * 2000}"]' for number in range(1000))
    with Memory(own) as memory, Bystander(own) as other:
        codes = []
        for _ in range(150):
            codes.append(session.post(f"{base}&sid={sid}", data=body, timeout=30).status_code)
            if codes[-1] >= 400:
                break
    assert codes[-1] == 400 and codes[0] == 200, codes
    assert memory.peak < LIMIT_MB, memory.peak
    assert other.longest < PATIENCE
    assert own.get("/status")["outgoing_queues"]["held"] == 0


@pytest.mark.slow
def test_a_polling_dashboard_that_never_polls_loses_the_oldest_events(own: HubProcess) -> None:
    base = f"{own.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(requests.get(base, timeout=10).text[1:])["sid"]
    requests.post(f"{base}&sid={sid}", data='40\x1e42["join_dashboard"]', timeout=10)
    with requests.Session() as session:
        for number in range(700):
            session.post(own.url + "/api/captures", json={"tag": f"T{number}", "message": "m"}, timeout=10)
    wait_for(lambda: own.get("/status")["socketio"]["rooms"]["dropped"] == 200)
    packets: list[str] = []
    while not packets or "T699" not in packets[-1]:
        packets += requests.get(f"{base}&sid={sid}", timeout=10).text.split("\x1e")
    captures = [packet for packet in packets if packet.startswith('42["new_capture"')]
    assert len(captures) == 500 and '"T200"' in captures[0]
    assert any(packet.startswith('42["status"') for packet in packets)  # replies are not dropped
