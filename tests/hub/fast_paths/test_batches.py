"""Many records in one commit, by one statement or step by step: new ones, duplicates and what is refused."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.hub.fast_paths.ways import Http, Way, Ways, post
from tests.support.helpers import jpeg

CLIENTS = 20
RECORDS = 15


def detection(camera: str, number: int, **changes: Any) -> dict[str, Any]:
    colour = (number * 7 % 256, len(camera) * 11 % 256, 90)
    return {
        "camera_id": camera,
        "checkpoint_id": f"gate of {camera}",
        "timestamp": f"2026-03-01T10:{number // 60:02d}:{number % 60:02d}",
        "plate_detections": [{"text": f"{camera} {number}", "confidence": 0.5, "bbox": [1, 2, 3, number]}],
        "original_image": base64.b64encode(jpeg(16, 16, colour)).decode(),
        **changes,
    }


def health(camera: str, number: int) -> dict[str, Any]:
    return {
        "type": "health_check",
        "camera_id": camera,
        "checkpoint_id": f"gate of {camera}",
        "timestamp": f"2026-03-01T11:{number // 60:02d}:{number % 60:02d}",
        "component": f"disk {number % 3}",
        "status": ("PASS", "FAIL", "WARNING")[number % 3],
    }


def new_records(client: int) -> list[dict[str, Any]]:
    return [detection(f"own {client % 5}", client * 100 + number) for number in range(RECORDS)]


def duplicates(client: int) -> list[dict[str, Any]]:
    """The same for every client, so that they meet in the same commits."""
    return [detection("shared", number) for number in range(RECORDS)]


def mixed(client: int) -> list[dict[str, Any]]:
    """New records of known and of new cameras, duplicates, health reports and what is nobody's record."""
    rows: list[dict[str, Any]] = []
    for number in range(RECORDS):
        place = client * 100 + number
        rows += [detection("shared", 50 + number), detection(f"mixed {client} {number % 2}", place)]
        rows += ([{"foo": 1}], [health("shared", number)], [health(f"own {client % 5}", place)])[number % 3]
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("records", [new_records, duplicates, mixed])
def test_twenty_clients_at_once(ways: Ways, records: Any) -> None:
    """Each record once, whoever sent it first, and each client the same answer for the same record."""

    def client(way: Way, number: int) -> list[str]:
        with Http(way.hub.side["lpr"]) as http:
            return [http.request(post("/api/data", json.dumps(record).encode())) for record in records(number)]

    def send(way: Way) -> list[str]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            return [text for texts in pool.map(lambda number: client(way, number), range(CLIENTS)) for text in texts]

    answers = ways.same(send, ordered=False)
    if records is duplicates:
        assert sum('"duplicate":true' in text for text in answers) == (CLIENTS - 1) * RECORDS
    ways.same_store()


@pytest.mark.slow
def test_a_record_without_a_time_is_new_again_much_later(ways: Ways) -> None:
    """The older row releases its key (docs/wire/lpr.md 1.1)."""
    report = {**health("timeless", 0), "timestamp": None}
    records = [{**report, "type": "detection_result", "license_plate": "T 1"}, report]

    def send(way: Way) -> list[str]:
        with Http(way.hub.side["lpr"]) as http:
            return [http.request(post("/api/data", json.dumps(record).encode())) for record in records]

    assert not any('"duplicate"' in text for text in ways.same(send))
    assert all('"duplicate":true' in text for text in ways.same(send))
    for way in (ways.fast, ways.ordinary):
        way.backdate("timeless")
    assert not any('"duplicate"' in text for text in ways.same(send))
    ways.same_store()
