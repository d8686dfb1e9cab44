"""File pairs of tests/contract/: what cameras send and its parsed form, over every transport (docs/wire/lpr.md 2)."""

from __future__ import annotations

import base64
import json
import random
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
import websocket

from hub.contract.errors import ContractError
from hub.contract.times import utc_text
from hub.lpr.contract.fields import Fields
from hub.lpr.contract.parser import Context, parse
from hub.lpr.contract.record import Detection, HealthReport
from tests.support.helpers import HubProcess
from tests.support.lpr import PICTURE, g4

FOLDER = Path(__file__).resolve().parents[2] / "contract"
VALID = sorted(path for path in (FOLDER / "valid").glob("lpr_*.json") if ".becomes" not in path.name)
INVALID = sorted(path for path in (FOLDER / "invalid").glob("lpr_*.json") if ".error" not in path.name)
CONTEXT = Context("10.1.2.3", 1_790_000_000.0, timezone(timedelta(hours=7)))


def stem(path: Path) -> str:
    return path.stem


def sent(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def becomes(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".becomes.json").read_text("utf-8"))


def shown(record: Any) -> dict[str, Any]:
    """A parsed record with the keys of the files."""
    assert isinstance(record, (Detection, HealthReport))
    view = {
        **vars(record),
        "camera_id": record.sender.camera_id,
        "checkpoint_id": record.sender.checkpoint_id,
        "kind": "detection" if isinstance(record, Detection) else "health",
        "occurred_at": utc_text(record.occurred_at),
    }
    if isinstance(record, Detection):
        view["plates"] = [vars(plate) for plate in record.plates]
        view["pictures"] = [[picture.field, picture.index, picture.suffix] for picture in record.pictures]
    return view


def same_warnings(found: list[str], expected: list[str]) -> None:
    assert len(found) == len(expected), found
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_what_is_sent_becomes(path: Path) -> None:
    expected = becomes(path)
    found = shown(parse(sent(path), CONTEXT))
    same_warnings(found["warnings"], expected.pop("warnings"))
    assert {key: found[key] for key in expected} == expected


@pytest.fixture(scope="module")
def sio(hub: HubProcess):
    client = socketio.Client()
    client.connect(hub.url)
    yield client
    client.disconnect()


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_valid_through_every_door(hub: HubProcess, sio: socketio.Client, path: Path) -> None:
    """The first transport stores it, the others reply with its id and the same warnings."""
    data, expected = {**sent(path), "event_id": path.stem}, becomes(path)
    key = "health_id" if expected["kind"] == "health" else "detection_id"
    first = requests.post(f"{hub.url}/api/data", json=data, timeout=10)
    assert first.status_code == 200, first.text
    same_warnings(first.json()["warnings"], expected["warnings"])
    raw = websocket.create_connection(f"ws://127.0.0.1:{hub.side['lpr']}/", timeout=10)
    raw.send(json.dumps(data))
    over_raw = json.loads(raw.recv())
    raw.close()
    over_sio = sio.call("health_status" if expected["kind"] == "health" else "lpr_data", data, timeout=10)
    for told in (over_raw, over_sio):
        assert (
            told["duplicate"] is True
            and told[key] == first.json()[key]
            and told["warnings"] == first.json()["warnings"]
        )
    if expected["kind"] == "detection":
        stored = hub.get(f"/api/records/{first.json()['detection_id']}")["record"]
        assert all(plate.pop("corrected") is None for plate in stored["plates"])
        for name in ("plates", "camera_id", "checkpoint_id", "vehicles_count", "plates_count"):
            assert stored[name] == expected.get(name, stored[name])


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_invalid_at_every_door(hub: HubProcess, sio: socketio.Client, path: Path) -> None:
    text, expected = path.read_text("utf-8"), json.loads(path.with_suffix(".error.json").read_text("utf-8"))
    answers = []
    for address in ("/api/data", "/api/statistics", "/api/detection", "/api/health"):
        answer = requests.post(
            hub.url + address, data=text.encode(), headers={"Content-Type": "application/json"}, timeout=10
        )
        assert answer.status_code == expected["status"]
        answers.append(answer.json())
    raw = websocket.create_connection(f"ws://127.0.0.1:{hub.side['lpr']}/", timeout=10)
    raw.send(text)
    answers += [json.loads(raw.recv()), sio.call("lpr_data", text, timeout=10)]
    raw.close()
    for body in answers:
        assert body["success"] is False and body["message"] and all(isinstance(row, str) for row in body["errors"])
    assert all(body["message"].startswith(expected["message"]) for body in answers[:5])


def test_json_text_and_decoded_lists_are_the_same_record() -> None:
    data = {"aicamera_id": "7", "timestamp": "2026-01-28T10:00:00", "ocr_results": [{"text": "A1", "confidence": 0.9}]}
    text = {**data, "camera_id": 7, "ocr_results": json.dumps(data["ocr_results"])}
    assert parse(data, CONTEXT).event_key == parse(text, CONTEXT).event_key
    assert parse(data, CONTEXT).event_key != parse({**data, "timestamp": "2026-01-28T10:00:01"}, CONTEXT).event_key


def test_anything_at_all_is_a_record_or_a_contract_error() -> None:
    chance = random.Random(7)
    keys = sorted({key for path in VALID for key in _keys(sent(path))}) + ["type", "data", "content", "location", "foo"]
    odd: list[Any] = [
        None,
        True,
        -1,
        0,
        1e308,
        float("nan"),
        2**70,
        "",
        "x" * 5000,
        "\ud800",
        "[",
        "[[[[",
        '{"a":',
        [],
        [[]],
        {},
        {"a": {"b": []}},
        b"\xff\xd8\xff",
        b"",
        [None] * 600,
        "detection_result",
        "PASS",
        "2026-01-01",
        {1: 2},
    ]
    for _ in range(3000):
        data = {chance.choice(keys): chance.choice(odd) for _ in range(chance.randrange(1, 9))}
        for hint in (None, "detection", "health", "register"):
            try:
                parse(data, CONTEXT, hint)
            except ContractError:
                continue


def _keys(value: Any) -> set[str]:
    return set(value) | {inner for item in value.values() if isinstance(item, dict) for inner in item}


def test_a_picture_with_too_many_pixels_is_kept_and_not_shown_and_the_record_stays() -> None:
    wide = bytearray(PICTURE)
    at = wide.index(b"\xff\xc0")
    wide[at + 5 : at + 9] = (60_000).to_bytes(2, "big") * 2
    data = g4(image_data=base64.b64encode(wide).decode(), cropped_plates=[base64.b64encode(PICTURE).decode()])
    record = parse(data, CONTEXT, "detection")
    assert [picture.suffix for picture in record.pictures] == [".bin", ".jpg"] and record.pictures[0].data == wide
    assert record.warnings == ["image_data has more than 50 million pixels; it was kept but is not shown"]
    assert record.plates[0].text == "กข 1234"


LISTS = ("ocr_results", "vehicle_detections", "plate_detections")
DEEP: Any = "end"
for _ in range(20):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "sent",
    [
        {"ocr_results": [{"text": "A1"}], "vehicle_detections": [], "plate_detections": [[1, 2]]},
        {"ocr_results": ["A1"], "vehicle_detections": [1.5], "plate_detections": [None]},
        {"ocr_results": ["A1"], "vehicle_detections": '[{"a": 1}]', "plate_detections": [2]},
        {"ocr_results": "A1", "plate_detections": {"box": [1, 2, 3, 4]}},
        {"ocr_results": ["A1"], "vehicle_detections": DEEP, "plate_detections": [2]},
        {"ocr_results": ["x" * 5_000], "vehicle_detections": [1], "plate_detections": [2]},
        {"ocr_results": [1] * 600, "vehicle_detections": [1], "plate_detections": [2]},
        {"ocr_results": [1] * 300, "vehicle_detections": [1] * 300, "plate_detections": [2]},
        {"ocr_results": [2**70], "vehicle_detections": [{"k" * 300: 1}], "plate_detections": [float("nan")]},
        {
            "ocr_results": [{"a": "x" * 3_000}] * 5,
            "vehicle_detections": [{"a": "y" * 3_000}] * 5,
            "plate_detections": [],
        },
    ],
)
def test_lists_that_are_read_together_are_what_they_are_one_by_one(sent: dict[str, Any]) -> None:
    together, alone = Fields(dict(sent)), Fields(dict(sent))
    assert together.all_rows(*LISTS) == [alone.rows(key) for key in LISTS]
    assert together.data == alone.data
    assert together.warnings == alone.warnings
    assert together.remaining() == alone.remaining()
