"""The list of all devices over real sockets: who is in it, in which order, what is known, and what operators say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import websocket

from tests.support.far import TRUSTING, far_away
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import g4, g4_health
from tests.support.tags import TOKEN, record

STATES = ["pending", "troubled", "offline", "unknown", "good"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    path = tmp_path_factory.mktemp("hub") / "instance"
    with HubProcess(path, HUB_APRILTAG_TOKEN=TOKEN, **TRUSTING) as process:
        yield process


def rows(hub: HubProcess, **params: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["kind"], row["id"]): row for row in hub.get("/api/devices/overview", **params)["devices"]}


def post(hub: HubProcess, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{hub.url}{path}", json=body, timeout=5).raise_for_status()


def report(hub: HubProcess, **fields: Any) -> None:
    post(hub, "/api/stations/status", {"station": "North", "state": "waiting", "sent_at": time.time(), **fields})


def camera(hub: HubProcess, name: str, ahead: float | None = None, **fields: Any) -> None:
    """A detection of a camera whose clock is `ahead` by so many seconds."""
    when = (
        {}
        if ahead is None
        else {"timestamp": (datetime.now(UTC) + timedelta(seconds=ahead)).isoformat(), "created_at": ""}
    )
    post(hub, "/api/detection", g4(aicamera_id=name, camera_id=name, **when, **fields))


def label(hub: HubProcess, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = requests.put(f"{hub.url}/api/devices/labels", json=body, timeout=5)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_empty_hub_has_no_device(hub: HubProcess) -> None:
    body = hub.get("/api/devices/overview")
    assert body["devices"] == [] and body["counts"] == dict.fromkeys(STATES, 0) and body["next_cursor"] is None


def test_every_kind_is_listed_with_what_is_known_of_it(hub: HubProcess) -> None:
    cameras = [{"role": "primary", "state": "live", "fps": 9.5, "address": "rtsp://192.168.1.3/1"}]
    for _ in range(3):
        report(hub, sent_at=time.time() - 90, cameras=cameras, outbox={"waiting": 4}, version="0.11.0", uplink="rest")
    camera(hub, "cam-1", ahead=3600)
    camera(hub, "cam-1", ahead=3600)
    camera(hub, "cam-1", ahead=-86_400)  # delivered late
    answer = requests.post(f"{hub.url}/apriltag", json=record(), headers={"Authorization": TOKEN}, timeout=5)
    assert answer.status_code == 200
    for name in ("cam-1", "yard"):
        for _ in range(2):
            requests.post(f"{hub.url}/api/cameras/{name}/frame", data=jpeg(), timeout=5).raise_for_status()
    found = rows(hub)
    assert set(found) == {
        ("station", "North"),
        ("device", "North:primary"),
        ("camera", "cam-1"),
        ("board", "127.0.0.1"),
        ("video", "yard"),
    }
    station = found["station", "North"]
    assert (station["state"], station["word"], station["queue"], station["version"]) == ("good", "waiting", 4, "0.11.0")
    assert (station["address"], station["transport"]) == ("127.0.0.1", "rest")
    assert -92 < station["clock_offset_seconds"] < -88
    primary = found["device", "North:primary"]
    assert (primary["parent"], primary["fps"], primary["queue"]) == ("North", 9.5, None)
    first = found["camera", "cam-1"]
    assert 3590 < first["clock_offset_seconds"] < 3610 and first["checkpoint"] == "3" and first["fps"] > 0
    board = found["board", "127.0.0.1"]
    assert board["clock_offset_seconds"] is None and board["fps"] is None and board["version"] == ""
    assert found["video", "yard"]["fps"] > 0


def test_who_waits_is_first_then_what_is_wrong(hub: HubProcess) -> None:
    report(hub, reader={"state": "disconnected", "error": "No answer from 192.168.1.2", "message": "No answer"})
    camera(hub, "cam-2")
    post(hub, "/api/health", g4_health(aicamera_id="cam-2", component="Disk", status="FAIL", message="Disk is full"))
    with far_away(hub.port, "192.168.7.20") as url:
        refused = requests.post(f"{url}/api/detection", json=g4(aicamera_id="new", camera_id="new"), timeout=5)
        assert refused.status_code == 401
        wait_for(lambda: ("camera", "new") in rows(hub), what="the waiting camera by its id")
    requests.post(f"{hub.url}/api/pair", json={"name": "South", "kind": "station agent"}, timeout=5).raise_for_status()
    post(hub, "/device-registration/register", {"serial_number": "edge-1", "metadata": {"version": "4.2"}})
    body = hub.get("/api/devices/overview")
    states = [row["state"] for row in body["devices"]]
    assert states == sorted(states, key=STATES.index) and states[:5] == ["pending"] * 3 + ["troubled"] * 2
    assert body["counts"]["pending"] == 3 and body["counts"]["troubled"] == 2
    found = rows(hub)
    waiting = found["camera", "new"]
    assert (waiting["decision"], waiting["address"]) == ("access", "192.168.7.20")
    assert waiting["detail"] == "POST /api/detection"
    assert found["station", "South"]["decision"] == "pairing"
    assert (found["camera", "edge-1"]["decision"], found["camera", "edge-1"]["version"]) == ("registration", "4.2")
    assert "Disk is full" in found["camera", "cam-2"]["trouble"]
    assert found["device", "North:reader"]["trouble"] == "No answer from 192.168.1.2"
    before = [(row["kind"], row["id"]) for row in body["devices"]]
    camera(hub, "cam-1")
    assert [(row["kind"], row["id"]) for row in hub.get("/api/devices/overview")["devices"]] == before


def test_an_admitted_device_is_the_same_one(hub: HubProcess) -> None:
    waiting = rows(hub)["camera", "new"]
    post(hub, f"/api/access/devices/{waiting['decision_id']}/admit", {"name": "Entry"})
    silent = rows(hub)["camera", "new"]
    assert (silent["state"], silent["name"], silent["decision"]) == ("unknown", "Entry", "")
    with far_away(hub.port, "192.168.7.20") as url:
        requests.post(f"{url}/api/detection", json=g4(aicamera_id="new", camera_id="new"), timeout=5).raise_for_status()
    heard = rows(hub)["camera", "new"]
    assert (heard["state"], heard["name"], heard["address"]) == ("good", "Entry", "192.168.7.20")
    label(hub, kind="camera", id="new", name="Entry, left lane")
    assert rows(hub)["camera", "new"]["name"] == "Entry, left lane"


def test_a_label_is_kept_shown_and_told_to_pages(hub: HubProcess) -> None:
    page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=5)
    page.send('{"ask": "beat"}')
    while json.loads(page.recv())["event"] != "beat":
        pass
    said = {"name": "ورودی شمالی", "checkpoint": "North gate", "facing": "in"}
    assert label(hub, kind="station", id="North", **said)["label"] == {"kind": "station", "id": "North", **said}
    while (message := json.loads(page.recv()))["event"] != "device_label":
        pass
    assert message["device_label"]["name"] == said["name"]
    page.close()
    label(hub, kind="camera", id="cam-1", facing="both")
    audit = hub.get("/api/audit")["audit"][0]
    assert (audit["action"], audit["target"]) == ("device.label", "camera cam-1")
    hub.stop()
    hub.start()
    report(hub)
    north = rows(hub)["station", "North"]
    assert {key: north[key] for key in said} == said and north["id"] == "North"
    assert hub.get("/api/stations")["stations"][0]["station"] == "North"  # on the wire it is what it was
    first = rows(hub)["camera", "cam-1"]
    assert (first["facing"], first["checkpoint"], first["label"]) == ("both", "3", "")
    label(hub, kind="station", id="North", name="", checkpoint="", facing="")
    assert rows(hub)["station", "North"]["name"] == "North"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "camera", "id": "cam-1"},
        {"kind": "lorry", "id": "cam-1", "name": "x"},
        {"kind": "camera", "id": "", "name": "x"},
        {"kind": "camera", "id": "c" * 301, "name": "x"},
        {"kind": "camera", "id": "cam-1", "name": "x" * 101},
        {"kind": "camera", "id": "cam-1", "facing": "up"},
        {"kind": "camera", "id": 5, "name": "x"},
    ],
)
def test_what_is_no_label_is_refused(hub: HubProcess, body: dict[str, Any]) -> None:
    assert label(hub, 400, **body)["message"].endswith(".")


def test_only_what_was_heard_since_then(hub: HubProcess) -> None:
    now = hub.get("/api/devices/overview", limit=1)["now"]
    assert rows(hub, since=now) == {}
    camera(hub, "cam-9")
    assert set(rows(hub, since=now)) == {("camera", "cam-9")}


def test_pages_of_a_long_list_follow_each_other(hub: HubProcess) -> None:
    everything = [(row["kind"], row["id"]) for row in hub.get("/api/devices/overview")["devices"]]
    found, cursor = [], {}
    while True:
        body = hub.get("/api/devices/overview", limit=2, **cursor)
        found += [(row["kind"], row["id"]) for row in body["devices"]]
        if not body["next_cursor"]:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert found == everything
