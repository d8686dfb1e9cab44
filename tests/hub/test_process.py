"""The hub as a process: who listens hears, what was answered is stored, an end is an orderly end."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
import socketio
import websocket

from tests.support.helpers import ROOT, HubProcess, capture_result, jpeg, wait_for

pytestmark = pytest.mark.slow


def listener(hub: HubProcess, name: str = "results", path: str = "/") -> websocket.WebSocket:
    port = hub.port if name == "main" else hub.side[name]
    return websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=10)


def post(hub: HubProcess, **fields) -> dict:
    answer = requests.post(f"{hub.url}/api/captures", json=capture_result(**fields), timeout=10)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def test_every_listener_hears_every_capture_once(hub: HubProcess) -> None:
    listeners = [listener(hub) for _ in range(3)]
    rooms: list[dict] = []
    dashboard = socketio.Client()
    dashboard.on("new_capture", rooms.append)
    dashboard.connect(hub.url)
    assert dashboard.call("join_dashboard", timeout=10)["message"] == "Joined dashboard room"
    page = listener(hub, "main", "/events")
    body = post(hub, event_id="heard", primary_image=base64.b64encode(jpeg()).decode())
    post(hub, event_id="heard")  # a duplicate is told to nobody
    post(hub, event_id="after")
    for one in listeners:
        first, second = json.loads(one.recv()), json.loads(one.recv())
        assert (first["event_id"], second["event_id"]) == ("heard", "after")
        for key, value in capture_result(event_id="heard").items():
            assert first[key] == value
        assert (
            first["primary_image_url"]
            == f"http://127.0.0.1:{hub.side['images']}/images/E200341201_primary_1769581721123.jpg"
        )
        assert requests.get(first["primary_image_url"], timeout=10).content == jpeg()
        assert first["secondary_image_url"] == first["label_image_url"] == ""
        one.close()
    wait_for(lambda: len(rooms) == 2, what="two events in the room dashboard")
    assert [row["event_id"] for row in rooms] == ["heard", "after"]
    assert rooms[0]["id"] == body["id"]
    assert json.loads(page.recv())["capture"]["id"] == body["id"]
    dashboard.disconnect()
    page.close()


def test_pictures_on_the_main_port_too(hub: HubProcess) -> None:
    link = post(hub, event_id="main port", primary_image=base64.b64encode(jpeg()).decode())["primary_image_url"]
    assert requests.get(link.replace(str(hub.side["images"]), str(hub.port)), timeout=10).content == jpeg()


def test_a_sender_on_2020_gets_a_confirmation_and_others_the_result(hub: HubProcess) -> None:
    other, sender = listener(hub), listener(hub)
    record = capture_result(event_id="pushed", label_image=base64.b64encode(jpeg()).decode())
    sender.send(json.dumps(record))
    confirmation = json.loads(sender.recv())
    assert confirmation["success"] is True and confirmation["id"] and confirmation["label_image_url"]
    assert confirmation["received"]["tag"] == record["tag"]
    assert json.loads(other.recv())["id"] == confirmation["id"]
    sender.send(json.dumps(record))
    assert json.loads(sender.recv()) == {**confirmation, "duplicate": True}, "and not its own result"
    sender.send("{")
    refusal = json.loads(sender.recv())
    assert refusal["success"] is False and "retry_after" not in refusal
    sender.send(json.dumps(capture_result(event_id="still there")))
    assert json.loads(sender.recv())["success"] is True
    other.close()
    sender.close()


def test_socketio_takes_binary_pictures_and_acknowledges(hub: HubProcess) -> None:
    client = socketio.Client()
    errors: list[dict] = []
    client.on("error", errors.append)
    client.connect(hub.url)
    pictures = {
        f"{kind}_image": jpeg(colour=(level, 9, 9))
        for kind, level in (("primary", 1), ("secondary", 90), ("label", 180))
    }
    ack = client.call("capture_result", capture_result(event_id="binary", **pictures), timeout=10)
    assert ack["success"] is True and ack["warnings"] == []
    for kind in ("primary", "secondary", "label"):
        assert requests.get(ack[f"{kind}_image_url"], timeout=10).content == pictures[f"{kind}_image"]
    assert client.call("capture_result", capture_result(event_id="binary"), timeout=10) == {**ack, "duplicate": True}
    assert client.call("capture_result", {}, timeout=10)["success"] is False
    client.emit("capture_result")
    wait_for(lambda: len(errors) == 2, what="the event error")
    assert client.call("station_status", {"station": "north", "state": "waiting"}, timeout=10)["success"] is True
    assert [row["station"] for row in hub.get("/api/stations")["stations"]] == ["north"]
    client.disconnect()


def test_a_picture_of_many_megabytes_over_socketio(hub: HubProcess) -> None:
    import io
    import random

    from PIL import Image

    data = io.BytesIO()
    Image.frombytes("RGB", (1600, 1200), random.Random(4).randbytes(1600 * 1200 * 3)).save(data, "JPEG", quality=95)
    client = socketio.Client()
    client.connect(hub.url)
    assert len(data.getvalue()) > 2_000_000
    ack = client.call("capture_result", capture_result(event_id="large", primary_image=data.getvalue()), timeout=20)
    assert requests.get(ack["primary_image_url"], timeout=10).content == data.getvalue()
    client.disconnect()


def test_other_raw_websockets_are_refused_before_the_upgrade(hub: HubProcess) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        listener(hub, "images")
    assert caught.value.status_code == 404
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10, origin="http://evil.example")
    assert caught.value.status_code == 403


def test_a_body_of_200_mb_disturbs_nobody(hub: HubProcess) -> None:
    answers: list[int] = []

    def chunks():
        for _ in range(200):
            yield bytes(1024 * 1024)

    def large() -> None:
        answers.append(
            requests.post(
                f"{hub.url}/api/captures", data=chunks(), headers={"Content-Type": "application/json"}, timeout=60
            ).status_code
        )

    sender = threading.Thread(target=large)
    sender.start()
    post(hub, event_id="beside the large body")
    sender.join(60)
    assert answers == [413]
    assert hub.get("/status")["memory_mb"] < 300


@pytest.mark.slow
def test_a_signal_answers_what_was_taken_and_closes_with_1001(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", real=True) as hub:
        waiting = listener(hub)
        results: list[tuple[int, str]] = []
        begun = threading.Event()

        def body():
            text = json.dumps(capture_result(event_id="in flight")).encode()
            yield text[:20]
            begun.set()
            yield text[20:]

        def send() -> None:
            answer = requests.post(
                f"{hub.url}/api/captures", data=body(), headers={"Content-Type": "application/json"}, timeout=10
            )
            results.append((answer.status_code, answer.json()["id"]))

        sender = threading.Thread(target=send)
        sender.start()
        begun.wait(5)
        hub.process.send_signal(signal.SIGTERM)
        opcode, data = waiting.recv_data()
        while opcode != websocket.ABNF.OPCODE_CLOSE:
            opcode, data = waiting.recv_data()
        assert int.from_bytes(data[:2], "big") == 1001
        waiting.shutdown()
        assert hub.process.wait(15) == 0
        sender.join(5)
        assert not (tmp_path / "instance" / "hub.ready.json").exists()
        if results:
            hub.start()
            assert hub.get(f"/api/captures/{results[0][1]}")["capture"]["event_id"] == "in flight"
        else:
            pytest.fail("the request in flight was not answered")


@pytest.mark.slow
def test_a_polling_client_does_not_hold_up_the_end_and_comes_back(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.1)
        client.connect(hub.url, transports=["polling"])
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(4) == 0, "less than the five seconds after which open requests are cut"
        hub.start()
        wait_for(
            lambda: (
                client.connected
                and client.call("capture_result", capture_result(event_id="back"), timeout=5)["success"]
            ),
            what="the client's coming back",
        )
        client.disconnect()


@pytest.mark.slow
def test_killed_and_started_again_nothing_answered_is_lost(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance").start()
    answered: dict[str, str] = {}
    stop = threading.Event()

    def send(sender: int) -> None:
        number = 0
        while not stop.is_set():
            event_id = f"{sender}-{number}"
            picture = base64.b64encode(jpeg(colour=(sender * 40, number % 250, 7))).decode()
            try:
                answer = requests.post(
                    f"{hub.url}/api/captures",
                    json=capture_result(event_id=event_id, tag=f"T{sender}", primary_image=picture),
                    timeout=10,
                )
            except requests.RequestException:
                stop.wait(0.05)
                continue
            if answer.status_code in (200, 201):
                answered[event_id] = answer.json()["primary_image_url"]
                number += 1

    senders = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for thread in senders:
        thread.start()
    for _ in range(3):
        before = len(answered)
        wait_for(lambda before=before: len(answered) > before + 20, what="twenty more answers")
        hub.kill()
        hub.start()
    stop.set()
    for thread in senders:
        thread.join()
    rows = hub.captures()
    ids = [row["event_id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert set(answered) <= set(ids)
    with requests.Session() as session:
        for row in rows:
            assert session.get(row["primary_image_url"], timeout=10).content.startswith(b"\xff\xd8\xff")
    hub.stop()


@pytest.mark.slow
def test_a_taken_main_port_names_its_owner(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                str(ROOT / "app.py"),
                "--instance",
                str(tmp_path),
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert str(port) in done.stderr and "Traceback" not in done.stderr
    assert str(os.getpid()) in done.stderr


@pytest.mark.slow
def test_a_taken_side_port_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with HubProcess(tmp_path / "instance", HUB_LPR_PORT=str(port)) as hub:
            warnings = hub.get("/status")["warnings"]
            assert len(warnings) == 1 and str(port) in warnings[0]
            assert warnings[0] in hub.text()


@pytest.mark.slow
def test_side_ports_can_be_off(tmp_path: Path) -> None:
    off = dict.fromkeys(("HUB_APRILTAG_PORT", "HUB_LPR_PORT", "HUB_IMAGES_PORT", "HUB_RESULTS_PORT"), "0")
    with HubProcess(tmp_path / "instance", **off) as hub:
        assert hub.get("/status")["listeners"] == {"main": hub.port}
        link = post(hub, primary_image=base64.b64encode(jpeg()).decode())["primary_image_url"]
        assert link.startswith(f"http://127.0.0.1:{hub.port}/images/")
        assert requests.get(link, timeout=10).status_code == 200


@pytest.mark.slow
def test_what_it_says_at_start(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", real=True) as hub:
        text = wait_for(hub.text, what="what it says, a moment after it listens")
        for part in (
            f"http://127.0.0.1:{hub.port}",
            f"ws://127.0.0.1:{hub.side['results']}",
            "hub.toml",
            "hub.db",
            "hub.log",
        ):
            assert part in text
        assert "Traceback" not in text and "Warning" not in text


@pytest.mark.slow
def test_any_free_main_port(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    hub.port = 0
    hub.start()
    hub.port = json.loads((tmp_path / "instance" / "hub.ready.json").read_bytes())["port"]
    assert hub.get("/api/test")["message"] == "Server is running"
    assert hub.stop() == 0
