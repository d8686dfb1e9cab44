"""The simulated plate camera: what it sees, and its records in a real hub over a real socket."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from PIL import Image

from agent_lib.settings import HubSettings
from agent_lib.simulator.plate_camera import MAX_UNSENT, SimulatedPlateCamera, is_let_in
from agent_lib.simulator.scene import Scene
from agent_lib.simulator.sighting import CAMERA, CHECKPOINT, Sighting, detection, health, see
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import records

SEED = 1


def sighting(index: int) -> Sighting:
    scene = Scene(SEED, index, "12345")
    return see(SEED, index, scene.plate, scene.frame(1.0), scene.plate_corners(1.0))


def fake_sighting(text: str) -> Sighting:
    return Sighting(text, text, 0.9, jpeg(), jpeg(), (10, 20, 30, 28), (0, 0, 64, 48))


@contextmanager
def camera(address: str) -> Iterator[SimulatedPlateCamera]:
    device = SimulatedPlateCamera(HubSettings(url=address))
    device.start()
    try:
        yield device
    finally:
        device.stop()


def test_it_sees_the_plate_that_is_painted() -> None:
    seen = sighting(0)
    assert seen.text == seen.plate == Scene(SEED, 0, "12345").plate and 0.8 < seen.confidence < 1
    with Image.open(io.BytesIO(seen.picture)) as picture:
        assert picture.size == (960, 540) and len(seen.picture) < 200_000
        x1, y1, x2, y2 = seen.plate_box
        assert 0 <= x1 < x2 <= 960 and 0 <= y1 < y2 <= 540
        inside = picture.convert("L").crop((x1 + 3, y1 + 3, x2 - 3, y2 - 3))
        # Dark characters on a light ground, and darkness all around.
        around = picture.convert("L").crop((x1 - 30, y1 - 8, x1 - 8, y2 + 8))
        light, dark = sorted(inside.tobytes())[-100], sorted(inside.tobytes())[100]
        assert light > 2 * dark and light > 2 * sorted(around.tobytes())[len(around.tobytes()) // 2]
    with Image.open(io.BytesIO(seen.crop)) as crop:
        assert crop.size[0] > crop.size[1] * 2


def test_now_and_then_it_misreads_or_does_not_read() -> None:
    scene = Scene(SEED, 0, "12345")
    frame, corners = scene.frame(1.0), scene.plate_corners(1.0)
    many = [see(SEED, index, "BCD 8501", frame, corners) for index in range(16)]
    assert [one.text == "" for one in many] == [index % 8 == 4 for index in range(16)]
    misread = {index: one for index, one in enumerate(many) if one.text not in ("", one.plate)}
    assert list(misread) == [6, 14]
    for one in misread.values():
        differing = [pair for pair in zip(one.plate, one.text, strict=True) if len(set(pair)) == 2]
        assert len(differing) == 1 and one.confidence < 0.75
    assert many[6] == see(SEED, 6, "BCD 8501", frame, corners)
    assert see(SEED, 6, "CFG 347", frame, corners).text == "CFG 347", "no character of it has a look-alike"


def test_records_have_the_form_of_the_current_generation() -> None:
    record = detection(fake_sighting("BCD 123"), 1_769_590_000.25)
    assert record["created_at"] == "2026-01-28 08:46:40" and record["timestamp"][-6] in "+-"
    assert (record["aicamera_id"], record["checkpoint_id"]) == (CAMERA, CHECKPOINT)
    (read,) = json.loads(record["ocr_results"])
    assert (read["text"], read["bbox"]) == ("BCD 123", [10, 20, 30, 28])
    assert json.loads(detection(fake_sighting(""), 0)["ocr_results"]) == []
    assert json.loads(health(3, 0)["details"])["frame_count"] == 3


@pytest.mark.slow
def test_its_records_are_in_the_hub(hub: HubProcess) -> None:
    with camera(hub.url) as device:
        device.show(sighting(0))
        device.show(fake_sighting(""))
        wait_for(lambda: device.sent == 2)
    unread, read = records(hub, order="time")["records"][::-1]
    assert read["camera_id"] == CAMERA and unread["plates"] == []
    plate = read["plates"][0]
    assert plate["text"] == Scene(SEED, 0, "").plate
    assert plate["confidence"] == sighting(0).confidence and plate["box"] == list(sighting(0).plate_box)
    assert read["original_image"] and len(read["cropped_plates"]) == 1
    for link in (read["original_image"], *read["cropped_plates"]):
        assert requests.get(link, timeout=10).content[:2] == b"\xff\xd8"
    (state,) = hub.get("/api/cameras")["cameras"]
    assert (state["camera_id"], state["online"], state["health_status"]) == (CAMERA, True, "ok")
    assert read["warnings"] == []


@pytest.mark.slow
def test_what_the_hub_missed_is_sent_once_it_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    later = HubProcess(tmp_path / "instance")
    with camera(later.url) as device:
        for number in range(3):
            device.show(fake_sighting(f"BCD {number}"))
        wait_for(lambda: "does not reach the hub" in caplog.text)
        with later:
            wait_for(lambda: device.sent == 3)
            texts = [row["plates"][0]["text"] for row in records(later)["records"]]
    assert texts == ["BCD 0", "BCD 1", "BCD 2"] and "connection refused" in caplog.text


def test_without_a_hub_the_oldest_go_and_the_end_is_quick() -> None:
    device = SimulatedPlateCamera(HubSettings(url="http://127.0.0.1:9"))
    for number in range(MAX_UNSENT + 5):
        device.show(fake_sighting(str(number)))
    assert (device.seen, len(device._unsent), device.sent) == (MAX_UNSENT + 5, MAX_UNSENT, 0)
    device.start()
    device.stop()
    assert device._thread is not None and not device._thread.is_alive()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"url": "http://127.0.0.1:5000"}, True),
        ({"url": "https://[::1]:5000"}, True),
        ({"url": "http://192.168.1.10:5000"}, False),
        ({"url": "http://192.168.1.10:5000", "token": "secret"}, True),
        ({"websocket_url": "ws://127.0.0.1:2020"}, False),
    ],
)
def test_it_sends_where_it_need_not_wait_to_be_let_in(settings: dict[str, str], expected: bool) -> None:
    assert is_let_in(HubSettings(**settings)) is expected
