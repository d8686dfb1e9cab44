"""Visits of a real hub as pages and rooms hear of them, and its end by a kill."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import requests
import websocket

from hub.contract.times import utc_text
from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.lpr import PICTURE_TEXT, g4


def send(hub: HubProcess, tag: str, ago: float = 0.0) -> str:
    at = time.time() - ago
    body = capture_result(tag, tags=[tag], station="scale", started_ts=at, finished_ts=at, event_id=f"{tag}-{ago}")
    answer = requests.post(f"{hub.url}/api/captures", json=body, timeout=10)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def next_visit(page: websocket.WebSocket) -> dict[str, Any]:
    while True:
        message = json.loads(page.recv())
        if message["event"] in ("visit", "visit_update"):
            return dict(message)


def test_an_open_page_hears_of_the_first_evidence_and_of_each_later_one(hub: HubProcess) -> None:
    page = websocket.create_connection(f"ws://localhost:{hub.port}/events", timeout=10)
    capture = send(hub, "LIVE1")
    first = next_visit(page)
    assert (first["event"], first["visit"]["state"], first["visit"]["tag"]) == ("visit", "unknown", "LIVE1")
    requests.post(
        f"{hub.url}/api/detection", json=g4(timestamp=utc_text(time.time()), original_image=PICTURE_TEXT), timeout=10
    ).raise_for_status()
    second = next_visit(page)
    assert (second["event"], second["visit"]["id"]) == ("visit_update", first["visit"]["id"])
    assert [each["kind"] for each in second["visit"]["evidence"]] == ["capture", "detection"]
    links = second["visit"]["evidence"][1]["pictures"]
    assert links and all(link.startswith("http://localhost:") for link in links)
    assert requests.get(links[0], timeout=10).status_code == 200
    page.send(json.dumps({"ask": "missed", "kind": "visit", "after": ""}))
    while (missed := json.loads(page.recv()))["event"] != "missed":
        pass
    page.close()
    assert [each["id"] for each in missed["records"]] == [first["visit"]["id"]]
    assert hub.get("/api/visits/of", kind="capture", id=capture)["visit"]["id"] == first["visit"]["id"]


def test_every_capture_is_in_one_visit_after_kills(tmp_path: Path) -> None:
    hub, sent = HubProcess(tmp_path / "instance"), []
    for turn in range(3):
        hub.start()
        sent += [send(hub, f"TAG{turn}{number}", ago=300 - turn * 100 - number * 2) for number in range(15)]
        hub.kill()
    with hub:
        joined = wait_for(lambda: visits(hub) if len(visits(hub)) == len(sent) else None, what="a visit of each")
        evidence = [each["id"] for visit in joined for each in visit["evidence"]]
        assert sorted(evidence) == sorted(sent)


def visits(hub: HubProcess) -> list[dict[str, Any]]:
    return list(hub.get("/api/visits", limit=1000)["visits"])
