"""Live pictures over real sockets (docs/wire/apriltag.md 1.5, 2.3).

The older server's endpoints, motion JPEG, many cameras on one WebSocket.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from pathlib import Path

import psutil
import pytest
import requests
import websocket

from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.video import LEGACY, Stream, VideoSocket, closing, post_from, send

pytestmark = pytest.mark.slow

STATS = {
    "avg_interval",
    "min_interval",
    "max_interval",
    "jitter",
    "avg_fps",
    "target_fps",
    "avg_size",
    "min_size",
    "max_size",
    "avg_processing",
    "max_processing",
    "total_frames",
    "dropped_frames",
    "efficiency",
    "recommendation",
    "current_fps",
    "width",
    "height",
    "resolution",
}


def get(hub: HubProcess, path: str, **how: object) -> requests.Response:
    return requests.get(hub.url + path, timeout=10, **how)


@pytest.mark.slow
def test_before_the_first_frame(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        none = get(hub, "/photo")
        assert none.status_code == 404 and none.headers["Content-Type"].startswith("text/plain")
        assert hub.get("/video_fps") == {
            "fps": 0.0,
            "target_fps": 0.0,
            "interval_ms": 0,
            "width": 0,
            "height": 0,
            "resolution": "Unknown",
            "camera": "",
        }
        stats = hub.get("/video_stats")
        assert (
            STATS <= set(stats)
            and stats["recommendation"] == "WAITING_FOR_DATA"
            and not any(value for key, value in stats.items() if isinstance(value, (int, float)))
        )
        assert hub.get("/api/frames") == {"success": True, "cameras": [], "next_cursor": None}
        told = requests.post(f"{hub.url}/set_video_interval", json={"interval_ms": 500}, timeout=10)
        assert told.status_code == 503 and (told.json()["status"], told.json()["message"]) == (
            "error",
            "ESP32 not connected",
        )
        with closing(stream := Stream(hub), viewer := VideoSocket(hub)):
            assert hub.stop() == 0
            assert "did not end within" not in (hub.instance / "hub.log").read_text("utf-8"), (
                "viewers without a picture do not hold the hub's end up"
            )
            assert stream.file.read() == b"" and viewer.socket.recv() in ("", b"")


def test_the_photo_is_the_bytes_that_came(hub: HubProcess) -> None:
    data = jpeg(320, 240) + b"a maker's own bytes"
    told = requests.post(hub.url + LEGACY, data=data, headers={"Content-Type": "text/odd"}, timeout=10)
    assert told.status_code == 200 and told.json() == {"status": "success", "size": len(data)}
    for path in ("/photo", "/photo?camera=127.0.0.1"):
        photo = get(hub, path)
        assert photo.content == data and photo.headers["Content-Type"] == "image/jpeg"
        assert (
            photo.headers["Cache-Control"] == "no-cache, no-store, must-revalidate"
            and photo.headers["Pragma"] == "no-cache"
            and photo.headers["Expires"] == "0"
        )
        assert float(photo.headers["X-Frame-Age"].removesuffix("s")) < 5 and photo.headers["X-Frame-Age"][-3] == "."
    assert get(hub, "/photo?camera=nobody").status_code == 404


def test_each_address_is_a_camera_and_the_newest_counts(hub: HubProcess) -> None:
    first, second = jpeg(64, 48), jpeg(80, 60)
    for number, data in ((21, first), (22, second)):
        assert post_from(f"127.0.0.{number}", hub.url + LEGACY, data).status_code == 200
    assert get(hub, "/photo").content == second and get(hub, "/photo?camera=127.0.0.21").content == first
    assert hub.get("/video_stats", camera="127.0.0.21")["resolution"] == "64x48"
    newest = hub.get("/video_fps")
    assert (newest["camera"], newest["resolution"]) == ("127.0.0.22", "80x60")


@pytest.mark.slow
def test_a_named_camera_and_its_figures(hub: HubProcess) -> None:
    name = "gate/north ก"
    for _ in range(15):
        told = send(hub, "gate/north%20ก", jpeg(96, 64))
    assert told == {
        "success": True,
        "camera": name,
        "size": len(jpeg(96, 64)),
        "width": 96,
        "height": 64,
        "seq": told["seq"],
    }
    stats = hub.get("/video_stats", camera=name)
    assert (
        stats["total_frames"] == 15
        and stats["width"] == 96
        and stats["avg_size"] == len(jpeg(96, 64))
        and stats["avg_fps"] > 0
    )
    assert 0 < stats["avg_processing"] < 50, "the processing time is of every path"
    row = hub.get("/api/frames", camera=name)["cameras"][0]
    assert (
        row["source"] == "rest"
        and len(row["history"]["fps"]) == 60
        and row["words"]["processing"] in ("FAST", "GOOD", "OK")
    )
    assert STATS <= set(row) and get(hub, "/api/frames?camera=nobody").status_code == 404
    wait_for(
        lambda: sum(hub.get("/api/frames", camera=name)["cameras"][0]["history"]["fps"]) == 15,
        what="the minute's history",
    )
    wait_for(lambda: hub.get("/video_fps", camera=name)["fps"] == 0.0, what="the rate's sinking to 0 when frames stop")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\x00" + os.urandom(5000), 400),
        (b"\x00\xff\xd8" + os.urandom(5000), 400),
        (b"\xff\xd8" + bytes(20 * 1024 * 1024), 413),
    ],
)
@pytest.mark.parametrize("path", [LEGACY, "/api/cameras/bad/frame"])
def test_what_is_no_picture_is_refused(hub: HubProcess, path: str, body: bytes, status: int) -> None:
    before = sum(hub.get("/status")["video"]["refused"].values())
    told = requests.post(hub.url + path, data=body, timeout=20)
    assert told.status_code == status and told.json()["success"] is False and told.json()["message"]
    assert "bad" not in [row["camera"] for row in hub.get("/api/frames")["cameras"]]
    assert sum(hub.get("/status")["video"]["refused"].values()) == before + 1


@pytest.mark.parametrize(
    "query", ["camera=", "camera=" + "x" * 101, "camera=a%0Ab", "fps=fast", "fps=-1", "fps=1e3", "fps=241"]
)
def test_bad_queries_are_400(hub: HubProcess, query: str) -> None:
    assert get(hub, f"/video/stream?{query}").status_code == 400
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        VideoSocket(hub, f"?{query}" if query != "camera=" else "?camera=%20")
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        '{"interval_ms": 99}',
        '{"interval_ms": 10001}',
        '{"interval_ms": true}',
        '{"interval_ms": "500"}',
        '{"interval_ms": 500.5}',
        "{}",
        "[]",
        "x",
    ],
)
def test_bad_intervals_are_400(hub: HubProcess, body: str) -> None:
    told = requests.post(
        f"{hub.url}/set_video_interval", data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert told.status_code == 400 and told.json()["success"] is False


@pytest.mark.slow
def test_motion_jpeg(hub: HubProcess) -> None:
    first, second = jpeg(64, 48), jpeg(48, 64)
    send(hub, "m", first)
    with closing(stream := Stream(hub, "?camera=m")):
        assert (
            "HTTP/1.1 200 OK" in stream.head
            and "Content-Type: multipart/x-mixed-replace; boundary=frame" in stream.head
        )
        assert not any("chunked" in line.lower() for line in stream.head)
        head, data = stream.part()
        assert (
            data == first
            and head["Content-Type"] == "image/jpeg"
            and abs(float(head["X-Timestamp"]) - time.time()) < 10
        )
        send(hub, "other", second)
        send(hub, "m", second)
        assert stream.part()[1] == second
    wait_for(
        lambda: hub.get("/status")["video"]["watched_by"]["viewers"] == 0,
        what="the viewer's end, seen although no picture comes",
    )


def test_a_head_of_the_endless_stream_ends(hub: HubProcess) -> None:
    head = requests.head(f"{hub.url}/video/stream", timeout=10)
    assert head.status_code == 200 and head.headers["Content-Type"].startswith("multipart/x-mixed-replace")


def test_other_hosts_pages_may_not_watch(hub: HubProcess) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        websocket.create_connection(
            f"ws://127.0.0.1:{hub.port}/ws/video", origin="https://elsewhere.example", timeout=10
        )
    assert caught.value.status_code == 403


def test_many_cameras_on_one_websocket(hub: HubProcess) -> None:
    pictures = {f"w{n}": jpeg(64 + n, 48) for n in range(16)}
    with closing(some := VideoSocket(hub, "?camera=w3&camera=w5"), everything := VideoSocket(hub, "?fps=0")):
        told = {name: send(hub, name, data) for name, data in pictures.items()}
        for name in ("w3", "w5"):
            header, data = some.frame()
            assert header == {
                "camera": name,
                "seq": told[name]["seq"],
                "timestamp": header["timestamp"],
                "width": 64 + int(name[1:]),
                "height": 48,
            }
            assert data == pictures[name]
        seen = {}
        while set(seen) & set(pictures) != set(pictures):
            header, data = everything.frame()
            seen[header["camera"]] = data
        assert {name: seen[name] for name in pictures} == pictures
        some.socket.send("what a viewer sends is ignored")
        send(hub, "w5", pictures["w3"])
        assert some.frame()[1] == pictures["w3"]


@pytest.mark.slow
def test_a_rate_for_viewers(hub: HubProcess) -> None:
    with closing(viewer := VideoSocket(hub, "?camera=r&fps=2")):
        last = ""
        began = time.monotonic()
        arrivals = []
        for number in range(300):  # noqa: B007  used behind the loop
            last = send(hub, "r", jpeg(64, 48))["seq"]
            if time.monotonic() - began > 1.3:
                break
        while not arrivals or arrivals[-1][0]["seq"] != last:
            arrivals.append(viewer.frame())
        assert 2 <= len(arrivals) <= 5 < number, "the newest at the end, and no more than two a second between"


@pytest.mark.slow
def test_a_slow_viewer_skips_and_is_not_behind(hub: HubProcess) -> None:
    big = jpeg(64, 48) + os.urandom(100_000)
    stop = threading.Event()

    def camera() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                session.post(f"{hub.url}/api/cameras/slow/frame", data=big, timeout=10)
                stop.wait(0.02)

    thread = threading.Thread(target=camera)
    send(hub, "slow", big)
    process = psutil.Process(hub.process.pid)
    with closing(stream := Stream(hub, "?camera=slow", receive_buffer=8192), quick := VideoSocket(hub, "?camera=slow")):
        thread.start()
        ages, seqs = [], []
        end = time.monotonic() + 3
        before = process.memory_info().rss
        while time.monotonic() < end:
            head = dict(line.split(": ", 1) for line in stream._head())
            left = int(head["Content-Length"]) + 2 + len(b"--frame\r\n")
            while left:
                left -= len(stream.file.read(min(left, 8192)))
                stop.wait(0.02)
            ages.append(time.time() - float(head["X-Timestamp"]))
            seqs.append(int(head["X-Frame-Seq"]))
        assert max(ages) < 3 and seqs == sorted(set(seqs)) and seqs[-1] - seqs[0] > 2 * len(seqs), (
            "the newest each time, others skipped"
        )
        assert process.memory_info().rss - before < 8e6
        assert quick.frame()[0]["seq"] <= seqs[-1]
        stop.set()
        thread.join()


@pytest.mark.slow
def test_a_viewer_that_takes_nothing_is_disconnected_and_others_are_not(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", HUB_VIDEO_STALL_SECONDS="0.5") as hub:
        big = jpeg(64, 48) + os.urandom(2_000_000)
        send(hub, "c", big)
        with closing(Stream(hub, receive_buffer=4096), VideoSocket(hub), fine := VideoSocket(hub)):
            wait_for(
                lambda: (send(hub, "c", big), fine.frame(), hub.get("/status")["video"]["watched_by"]["dropped"] == 2)[
                    -1
                ],
                what="the two that read nothing being dropped",
            )
            assert hub.get("/status")["video"]["watched_by"]["viewers"] == 1


@pytest.mark.slow
def test_one_viewer_too_many_is_refused(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", HUB_VIDEO_MAX_VIEWERS="2") as hub:
        with closing(VideoSocket(hub), Stream(hub)):
            assert get(hub, "/video/stream").status_code == 503
            with pytest.raises(websocket.WebSocketBadStatusException) as caught:
                VideoSocket(hub)
            assert caught.value.status_code == 503 and json.loads(caught.value.resp_body)["success"] is False
        wait_for(lambda: hub.get("/status")["video"]["watched_by"]["viewers"] == 0, what="both having gone")
        VideoSocket(hub).close()


def test_a_broken_upload_harms_nobody(hub: HubProcess) -> None:
    data = send(hub, "whole", jpeg())
    with socket.create_connection(("127.0.0.1", hub.port)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(
            b"POST /api/cameras/whole/frame HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n" + jpeg()[:300]
        )
    assert send(hub, "whole", jpeg())["seq"] > data["seq"]
    assert hub.get("/video_stats", camera="whole")["total_frames"] == 2
