"""Tracking clients over a real socket: frames, sources, errors that cost nothing else, ids, limits, a dying process."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import zlib
from typing import Any

import psutil
import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.hub.tracking.drawn import BOTH, GREEN, NOBODY, PHOTO, PHOTO_GREEN, RED
from tests.support.helpers import HubProcess, wait_for
from tests.support.tracking import TrackingClient, refusal, text_of, upload

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def red(hub: HubProcess) -> str:
    return upload(hub, PHOTO)["embedding"]


@pytest.fixture(scope="module")
def green(hub: HubProcess) -> str:
    return upload(hub, PHOTO_GREEN)["embedding"]


def overlap(box: list[float], other: tuple[float, ...]) -> float:
    """Intersection over union."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    areas = sum((one[2] - one[0]) * (one[3] - one[1]) for one in (box, other))
    return both / (areas - both)


def test_a_frame_is_answered_with_the_person_of_the_photo(hub: HubProcess, red: str, green: str) -> None:
    for number, (embedding, who) in enumerate(((red, RED), (green, GREEN))):
        with TrackingClient(hub, f"session_{number}") as client:
            client.frame(BOTH, embedding)
            message = client.matches()
            (match,) = message["matches"]
            assert overlap(match["bbox"], who.box) > 0.5
            assert all(value == int(value) for value in match["bbox"])
            assert 0 <= match["distance"] < 0.38 and 0.3 < match["confidence"] <= 1
            assert match["coordinate_info"]["yolo_processed_size"] == "640x480"
            info = message["frame_info"]
            assert (info["width"], info["height"], info["frame_number"], info["people"]) == (640, 480, 1, 2)
            assert abs(info["processed_at"] - time.time()) < 60 and info["processing_time"] > 0
            assert "others" not in message and "crop" not in match


def test_every_frame_has_one_reply_also_an_empty_one(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub) as client:
        for picture, found in ((NOBODY, 0), (BOTH, 1), (NOBODY, 0)):
            client.frame(picture, red)
            assert len(client.matches()["matches"]) == found
        client.send("ping")
        assert client.status() == ("pong", "Connection active")


def test_the_extensions(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub) as client:
        client.frame(BOTH, red, others=True, crops=True)
        message = client.matches()
        assert overlap(message["others"][0]["bbox"], GREEN.box) > 0.5
        assert message["others"][0]["distance"] > 0.38
        assert message["matches"][0]["crop"].startswith("/9j/")
        client.frame(BOTH, red, max_distance=2)
        assert len(client.matches()["matches"]) == 2
        client.frame(BOTH, red, max_distance=0.001)
        assert client.matches()["matches"] == []


def test_a_data_url_is_a_frame(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub) as client:
        client.send("single_frame", frame=f"data:image/jpeg;base64,{text_of(BOTH)}", person_embed=red)
        assert len(client.matches()["matches"]) == 1


def huge_png() -> bytes:
    """A PNG of 30,000 x 30,000 pixels in a few bytes: its size is in the header, and no more of it is right."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    made = io.BytesIO()
    made.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")):
        made.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    return made.getvalue()


FRAME = {"type": "single_frame", "frame": text_of(BOTH)}
START = {"type": "start_tracking"}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ("{", "The JSON cannot be read"),
        ("", "No data provided"),
        ("[]", "A JSON object {...} was expected"),
        ("null", "A JSON object"),
        (b"\x00\x01", "The JSON cannot be read"),
        ({}, "Unknown message type: None"),
        ({"type": "dance"}, "Unknown message type: dance"),
        ({"type": "single_frame", "person_embed": "E"}, "'frame' is missing"),
        (FRAME, "'person_embed' is missing"),
        ({**FRAME, "person_embed": None}, "'person_embed' is missing"),
        ({**FRAME, "person_embed": "RED", "frame": "%%%"}, "Failed to decode frame"),
        ({**FRAME, "person_embed": "RED", "frame": text_of(b"no picture at all")}, "Failed to decode frame"),
        ({**FRAME, "person_embed": "RED", "frame": text_of(huge_png())}, "pixels"),
        ({**FRAME, "person_embed": "nothing"}, "no embedding of this hub"),
        ({**FRAME, "person_embed": "CUT"}, "altered or cut"),
        (START, "'person_embed' is missing"),
        ({**START, "person_embed": "CUT"}, "altered or cut"),
        *(
            ({**START, "person_embed": "RED", "fps_limit": fps}, "fps_limit is a number")
            for fps in (0, -1, "fast", True, [], {})
        ),
    ],
)
def test_an_error_is_a_sentence_and_costs_nothing_else(hub: HubProcess, red: str, sent: Any, sentence: str) -> None:
    if isinstance(sent, dict):
        embedding = {"RED": red, "CUT": red[:-12]}.get(sent.get("person_embed"), sent.get("person_embed"))
        sent = json.dumps({**sent, "person_embed": embedding} if "person_embed" in sent else sent)
    with TrackingClient(hub) as client:
        client.socket.send(sent)
        status, message = client.status()
        assert status == "error" and sentence in message, message
        assert "/" not in message.replace("POST /upload-embedding", "") and "OpenCV" not in message
        assert client.is_open()
        client.frame(BOTH, red)
        assert len(client.matches()["matches"]) == 1


@pytest.mark.parametrize(
    "source",
    [
        63,
        -1,
        1e9,
        1.5,
        True,
        None,
        [],
        {},
        "",
        "nobody",
        "/etc/passwd",
        "file:///etc/passwd",
        "concat:yard.avi|yard.avi",
        "http://127.0.0.1:1/",
        "rtsp://127.0.0.1:1/",
        "yard.avi",
        "../instance/yard.avi",
        "gone",
    ],
)
def test_a_source_that_cannot_be_opened_says_so_and_frames_go_on(hub: HubProcess, red: str, source: Any) -> None:
    with TrackingClient(hub) as client:
        client.send("start_tracking", person_embed=red, video_source=source)
        started, error, closed = client.status(), client.status(), client.status()
        assert started[0] == "tracking_started" and started[1].startswith("Started tracking on source: ")
        assert error[0] == "error" and error[1].endswith(".") and "/etc" not in error[1] and ".avi" not in error[1]
        assert closed == ("video_closed", "")
        client.frame(BOTH, red)
        assert len(client.matches()["matches"]) == 1


def test_a_file_is_followed_to_its_end(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub) as client:
        client.send("start_tracking", person_embed=red, video_source="yard", fps_limit=10)
        received = client.until("video_closed")
        assert [one["status"] for one in received[:2]] == ["tracking_started", "video_opened"]
        assert received[1]["message"] == "Opened video source: yard"
        found = [one for one in received if one["type"] == "matches"]
        assert [one["status"] for one in received if one["type"] == "status"][2:] == ["warning", "video_closed"]
        assert received[-2]["message"] == "No more frames from video source"
        numbers = [one["frame_info"]["frame_number"] for one in found]
        assert numbers == sorted(set(numbers)) and len(numbers) >= 3 and numbers[-1] > 15
        assert all(len(one["matches"]) == 1 for one in found)
        assert client.is_open()


class Camera:
    """A camera of the hub that sends the same picture ten times a second."""

    def __init__(self, hub: HubProcess, name: str, picture: bytes) -> None:
        self._stop = threading.Event()
        self.picture = picture
        self._thread = threading.Thread(target=self._send, args=(f"{hub.url}/api/cameras/{name}/frame",))

    def _send(self, url: str) -> None:
        with requests.Session() as session:
            while not self._stop.wait(0.05):
                session.post(url, data=self.picture, timeout=10)

    def __enter__(self) -> Camera:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_camera_of_the_hub_is_followed_until_stopped(hub: HubProcess, red: str) -> None:
    with Camera(hub, "gate-1", BOTH) as camera, TrackingClient(hub) as client:
        wait_for(lambda: requests.get(f"{hub.url}/photo?camera=gate-1", timeout=5).status_code == 200)
        client.send("start_tracking", person_embed=red, video_source="gate-1", fps_limit=20)
        assert client.statuses(2) == ["tracking_started", "video_opened"]
        one, two = client.matches(), client.matches()
        assert two["frame_info"]["frame_number"] > one["frame_info"]["frame_number"]
        assert two["frame_info"]["source"] == "gate-1"
        camera.picture = NOBODY
        while client.matches()["matches"]:
            pass
        camera.picture = BOTH
        assert client.matches()["matches"]  # nothing was sent for the other pictures without the person
        client.send("start_tracking", person_embed=red, video_source="gate-1", fps_limit=5)
        received = client.until("video_opened")
        statuses = [one["status"] for one in received if one["type"] == "status"]
        assert statuses == ["tracking_started", "video_closed", "video_opened"]
        assert client.matches()["matches"]
        client.send("stop_tracking")
        received = client.until("video_closed")
        assert [one.get("status") for one in received[-2:]] == ["tracking_stopped", "video_closed"]
        client.send("stop_tracking")
        assert client.status() == ("tracking_stopped", "")
        assert client.is_open()


def test_the_newest_frame_wins_when_they_come_too_fast(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub, "flood") as client:
        for _ in range(25):
            client.frame(NOBODY, red)
        client.frame(BOTH, red)
        replies = [client.matches()]
        while not replies[-1]["matches"]:
            replies.append(client.matches())
        assert len(replies) < 26
        assert client.is_open()


def test_frames_beyond_the_rate_are_skipped_with_one_warning(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub) as client:
        for _ in range(300):
            client.frame(NOBODY, red)
        client.send("ping")
        statuses = [one["message"] for one in client.until("pong") if one.get("status") == "warning"]
        assert statuses == ["Frames come faster than 120 a second; some are skipped."]


def test_a_second_socket_with_the_same_id_takes_over(hub: HubProcess, red: str) -> None:
    first = TrackingClient(hub, "same")
    assert first.status()[0] == "connected"
    with TrackingClient(hub, "same") as second:
        with pytest.raises(ConnectionClosed) as closed:
            first.receive()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4001
        second.frame(BOTH, red)
        assert len(second.matches()["matches"]) == 1
        sessions = hub.get("/status")["tracking"]["list"]
        assert [row["session"] for row in sessions].count("same") == 1
    first.close()
    wait_for(lambda: "same" not in [row["session"] for row in hub.get("/status")["tracking"]["list"]])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/video-stream", 403),
        ("/video-stream/", 403),
        ("/video-stream/a/b", 403),
        ("/video-stream/a%2Fb", 403),
        ("/video-stream/" + "x" * 200, 400),
        ("/video-stream/a%00b", 400),
    ],
)
def test_a_path_without_one_id_is_refused_before_the_upgrade(hub: HubProcess, path: str, status: int) -> None:
    found, body, _ = refusal(hub, path)
    assert (found, body["success"]) == (status, False) and body["message"].endswith(".")


def test_a_page_of_any_origin_may_connect(hub: HubProcess) -> None:
    for number, origin in enumerate(("http://elsewhere.example", "null", "https://192.0.2.7:8443")):
        with TrackingClient(hub, f"origin{number}", origin=origin):
            pass


def test_a_message_over_the_limit_is_closed_with_1009(hub: HubProcess) -> None:
    with TrackingClient(hub) as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.socket.send("x" * (16 * 1024 * 1024 + 1))
            client.socket.recv(20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_when_the_process_dies_sessions_hear_it_and_go_on(hub: HubProcess, red: str) -> None:
    with TrackingClient(hub, "dies") as client, TrackingClient(hub, "idle") as idle:
        client.frame(BOTH, red)
        client.matches()
        psutil.Process(hub.get("/status")["tracking"]["vision"]["pid"]).kill()
        status, message = client.status()
        assert status == "warning" and "interrupted" in message
        client.frame(BOTH, red)
        assert len(client.matches()["matches"]) == 1
        idle.send("ping")
        assert idle.status()[0] == "pong"  # it has asked for nothing, so that it is told nothing


def test_limits_on_sessions_and_connects(tmp_path: Any) -> None:
    limits = {"HUB_TRACKING_MAX_SESSIONS": "3", "HUB_TRACKING_CONNECTS_PER_SECOND": "4"}
    with HubProcess(tmp_path / "instance", **limits) as small:
        clients = [TrackingClient(small, f"s{number}") for number in range(3)]
        status, body, headers = refusal(small, "/video-stream/s3")
        assert (status, headers["Retry-After"]) == (503, "5") and "max_sessions" in body["message"]
        clients.append(TrackingClient(small, "s2"))  # a known id takes over and needs no place
        found = [refusal(small, "/video-stream/s3")[0] for _ in range(6)]
        assert set(found) <= {429, 503} and 429 in found
        for client in clients:
            client.close()


def test_a_hub_that_ends_says_so(tmp_path: Any) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        with connect(f"ws://127.0.0.1:{hub.port}/video-stream/last") as socket:
            socket.recv(10)
            hub.stop()
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(10)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
