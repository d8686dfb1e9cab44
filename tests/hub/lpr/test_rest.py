"""Cameras over REST: requests of each generation, bad input, searches (docs/wire/lpr.md 0, 1.1, 1.2, 4.1)."""

from __future__ import annotations

import base64

import pytest
import requests

from tests.support.helpers import HubProcess
from tests.support.lpr import PICTURE, PICTURE_TEXT, g4, g4_health, post, records

pytestmark = pytest.mark.stores


def test_the_current_camera_probes_and_posts_everything_to_statistics(hub: HubProcess) -> None:
    url = f"http://127.0.0.1:{hub.side['lpr']}/api/statistics"
    probe = requests.get(url, headers={"Accept": "*/*"}, timeout=5, allow_redirects=False)
    assert probe.status_code == 200
    before = probe.json()
    assert (
        before["data"]["server_status"] == "running"
        and before["total_detections"] == before["data"]["total_detections"]
    )
    first, health = (
        post(hub, "/api/statistics", g4(original_image=PICTURE_TEXT)),
        post(hub, "/api/statistics", g4_health(status="FAIL", details=None)),
    )
    assert first.status_code == health.status_code == 200
    assert first.json()["message"] == "Detection data received" and first.json()["warnings"] == []
    assert health.json()["message"] == "Health data received" and health.json()["health_id"]
    after = requests.get(url, timeout=5).json()["data"]
    assert after["total_detections"] == before["total_detections"] + 1
    assert after["today_detections"] == before["data"]["today_detections"] + 1
    assert after["total_health_checks"] == before["data"]["total_health_checks"] + 1
    camera = next(row for row in hub.get("/api/cameras")["cameras"] if row["camera_id"] == "7")
    assert camera["online"] is True and camera["health_status"] == "error"


def test_a_garbage_timestamp_never_breaks_the_probe(hub: HubProcess) -> None:
    told = post(hub, "/api/statistics", g4(timestamp="yesterday-ish", created_at="??")).json()
    assert told["success"] is True and len([text for text in told["warnings"] if "not a time" in text]) == 2
    assert requests.get(f"{hub.url}/api/statistics", timeout=5).status_code == 200
    assert records(hub, limit=1)["records"][0]["timestamp"] == "yesterday-ish"


def test_the_same_record_by_other_paths_is_a_duplicate(hub: HubProcess) -> None:
    body = g4(annotated_image="placeholder text")
    first = post(hub, "/api/detection", body).json()
    assert "duplicate" not in first
    for path in ("/api/statistics", "/api/data", "/api/detection", "/api/detection/"):
        again = post(hub, path, body).json()
        assert again["duplicate"] is True
        assert (again["detection_id"], again["warnings"]) == (first["detection_id"], first["warnings"])
    numbered = g4(event_id="E-77")
    first = post(hub, "/api/detection", numbered).json()
    again = post(hub, "/api/detection", {**numbered, "timestamp": "2026-01-30T00:00:00"}).json()
    assert again["duplicate"] is True and again["detection_id"] == first["detection_id"]
    found = next(row for row in records(hub, limit=1000)["records"] if row["detection_id"] == first["detection_id"])
    assert found["event_id"] == "E-77"


def test_the_published_curl_lines(hub: HubProcess) -> None:
    assert hub.get("/api/test")["message"] == "Server is running"
    told = post(
        hub,
        "/api/cameras/register",
        {"camera_id": "camera_001", "checkpoint_id": "checkpoint_001", "timestamp": "2024-12-19T10:00:00Z"},
    ).json()
    assert (told["message"], told["camera_id"], told["checkpoint_id"]) == (
        "Camera registered successfully",
        "camera_001",
        "checkpoint_001",
    )
    told = post(
        hub,
        "/api/detection",
        {
            "type": "detection_result",
            "camera_id": "camera_001",
            "checkpoint_id": "checkpoint_001",
            "timestamp": "2024-12-19T10:00:00Z",
            "vehicles_count": 1,
            "plates_count": 1,
            "ocr_results": ["ABC1234"],
            "vehicle_detections": [{"bbox": [100, 100, 200, 200], "confidence": 0.95, "class": "car"}],
            "plate_detections": [{"bbox": [150, 150, 180, 170], "confidence": 0.92, "text": "ABC1234"}],
            "processing_time_ms": 150,
            "annotated_image": "base64_encoded_image_data",
            "cropped_plates": ["base64_plate1", "base64_plate2"],
        },
    )
    assert told.status_code == 200 and told.json()["detection_id"]
    assert len(told.json()["warnings"]) == 3
    found = next(
        row
        for row in records(hub, camera_id="camera_001")["records"]
        if row["detection_id"] == told.json()["detection_id"]
    )
    assert found["plates"] == [
        {
            "text": "ABC1234",
            "plate": "ABC1234",
            "confidence": 0.92,
            "box": [150.0, 150.0, 180.0, 170.0],
            "corrected": None,
        }
    ]
    assert found["annotated_image"] is None
    told = post(
        hub,
        "/api/health",
        {
            "type": "health_check",
            "camera_id": "camera_001",
            "checkpoint_id": "checkpoint_001",
            "timestamp": "2024-12-19T10:00:00Z",
            "component": "camera",
            "status": "healthy",
            "message": "Camera working normally",
            "details": {"cpu_usage": 45.2, "memory_usage": 67.8, "disk_usage": 23.1},
        },
    ).json()
    assert told["success"] and told["health_id"] and told["warnings"] == []
    assert hub.get("/api/health", camera="camera_001")["health"][0]["details"]["cpu_usage"] == 45.2
    connect = hub.get("/websocket")
    assert connect["connection_url"].endswith(str(hub.side["lpr"])) and len(connect["events"]) == 10
    front = requests.get(f"http://127.0.0.1:{hub.side['lpr']}/", headers={"Accept": "*/*"}, timeout=5).json()
    assert front["status"] == "running" and {"test", "cameras_register", "detection", "health", "statistics"} <= set(
        front["api_endpoints"]
    )


def test_pictures_are_links_or_the_bytes_as_sent(hub: HubProcess) -> None:
    told = post(
        hub,
        "/api/detection",
        g4(
            aicamera_id="pictures",
            original_image=f"data:image/jpeg;base64,{PICTURE_TEXT}",
            cropped_plates=["no picture", PICTURE_TEXT],
        ),
    ).json()
    shown = records(hub, camera="pictures")["records"][0]
    assert shown["detection_id"] == told["detection_id"]
    for link in (shown["original_image"], shown["cropped_plates"][0]):
        answer = requests.get(link, timeout=5)
        assert answer.content == PICTURE and answer.headers["Content-Type"] == "image/jpeg"
    sent = records(hub, camera="pictures", images="base64")["records"][0]
    assert base64.b64decode(sent["original_image"]) == PICTURE
    assert sent["cropped_plates"] == ["no picture", PICTURE_TEXT]
    assert requests.get(shown["original_image"][:-6] + "00.jpg", timeout=5).status_code == 404


@pytest.mark.parametrize(
    "path", ["/api/detection", "/api/health", "/api/data", "/api/statistics", "/api/cameras/register"]
)
@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"[1]", b'"text"', b"null", b"[" * 100_000])
def test_what_is_nobodys_record_is_refused(hub: HubProcess, path: str, body: bytes) -> None:
    answer = requests.post(hub.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    if path == "/api/cameras/register" and body == b"{}":
        assert answer.status_code == 400
    assert answer.status_code == 400, answer.text
    assert answer.json()["success"] is False and answer.json()["message"] and answer.json()["errors"]


@pytest.mark.parametrize("path", ["/api/data", "/api/statistics", "/api/detection", "/api/health"])
def test_a_body_that_says_nothing_known_is_refused(hub: HubProcess, path: str) -> None:
    answer = post(hub, path, {"foo": 1})
    assert answer.status_code == 400 and answer.json()["success"] is False


def test_404_and_405_and_415_are_the_error_body(hub: HubProcess) -> None:
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/detection", 405),
        ("DELETE", "/api/statistics", 405),
        ("GET", "/api/records/none", 404),
    ):
        answer = requests.request(method, hub.url + path, timeout=5)
        assert answer.status_code == status and answer.json()["success"] is False, path
    assert requests.post(f"{hub.url}/api/detection", files={"a": b"b"}, timeout=5).status_code == 415


@pytest.mark.parametrize(
    "camera", ["../../etc/passwd", "x" * 10_000, "a\x00b\x1f", {"a": 1}, [1], True, None, 1.5, -3, "", "ทดสอบ"]
)
def test_hostile_ids(hub: HubProcess, camera: object) -> None:
    answer = post(hub, "/api/detection", g4(camera_id=camera, checkpoint_id=camera, aicamera_id=camera))
    assert answer.status_code == 200
    stored = next(
        row for row in records(hub, limit=1000)["records"] if row["detection_id"] == answer.json()["detection_id"]
    )
    assert stored["camera_id"] and len(stored["camera_id"]) <= 200 and stored["camera_id"].isprintable()


def test_records_are_found_page_by_page(hub: HubProcess) -> None:
    sent = [
        post(
            hub,
            "/api/detection",
            g4(
                aicamera_id="paged",
                checkpoint_id="gate",
                ocr_results=[f"PG {number:03d}"],
                plate_detections=[],
                timestamp=f"2026-02-{1 + number % 5:02d}T10:00:{number:02d}",
            ),
        ).json()["detection_id"]
        for number in range(25)
    ]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = records(hub, camera="paged", limit=10, **cursor)
        assert page["total_count"] == 25 and page["returned_count"] == len(page["records"])
        seen = [row["detection_id"] for row in page["records"]] + seen
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == sent
    assert [row["plates"][0]["text"] for row in records(hub, plate="pg-007")["records"]] == ["PG 007"]
    assert records(hub, plate="PG01*")["total_count"] == 10
    assert records(hub, plate="PG007", camera="paged")["total_count"] == 1
    assert records(hub, plate="PG007", camera="other")["total_count"] == 0
    assert records(hub, checkpoint="gate")["total_count"] == 25
    day = records(hub, camera="paged", **{"from": "2026-02-02", "to": "2026-02-02"})
    assert day["total_count"] == day["returned_count"] == 5
    assert records(hub, limit=0)["returned_count"] > 20 and len(records(hub)["records"]) == 20
    assert requests.get(f"{hub.url}/api/records?limit=many", timeout=5).status_code == 400
    assert requests.get(f"{hub.url}/api/records?from=never", timeout=5).status_code == 400


def test_thai_plates_are_found_however_they_are_typed(hub: HubProcess) -> None:
    post(hub, "/api/detection", g4(aicamera_id="thai", ocr_results=["1กข ๒๓๔๕"], plate_detections=[]))
    for typed in ("1กข2345", "1กข 2345", "๑กข-๒๓๔๕"):
        assert records(hub, plate=typed)["total_count"] == 1


@pytest.mark.slow
def test_a_restarted_hub_knows_it_all(tmp_path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        body = g4(original_image=PICTURE_TEXT)
        first = post(hub, "/api/statistics", body).json()
        post(hub, "/api/statistics", g4_health(status="WARNING"))
        hub.kill()
        hub.start()
        again = post(hub, "/api/statistics", body).json()
        assert again["duplicate"] is True and again["detection_id"] == first["detection_id"]
        data = hub.get("/api/statistics")["data"]
        assert (
            data["total_detections"],
            data["today_detections"],
            data["total_health_checks"],
            data["total_cameras"],
        ) == (1, 1, 1, 1)
        camera = hub.get("/api/cameras")["cameras"][0]
        assert (camera["camera_id"], camera["detection_count"], camera["health_status"]) == ("7", 1, "warning")
        assert requests.get(records(hub)["records"][0]["original_image"], timeout=5).content == PICTURE
        assert post(hub, "/api/detection", g4(original_image=PICTURE_TEXT)).status_code == 200


def test_records_in_the_order_of_the_event(hub: HubProcess) -> None:
    for plate, time in (("T 1", "10:00"), ("T 3", "12:00"), ("T 2", "11:00")):
        body = g4(aicamera_id="ordered", ocr_results=[plate], plate_detections=[], timestamp=f"2026-02-01T{time}:00Z")
        post(hub, "/api/detection", body)
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = records(hub, camera="ordered", order="time", limit=1, **cursor)
        found += [row["plates"][0]["text"] for row in page["records"]]
        cursor = {"cursor": page["next_cursor"] or ""}
    assert (found, cursor) == (["T 3", "T 2", "T 1"], {"cursor": ""})
    newest = records(hub, camera="ordered", limit=1)["records"]
    assert [row["plates"][0]["text"] for row in newest] == ["T 2"]
