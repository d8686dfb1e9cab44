"""POST /find over real videos, with a vision process that finds one person whose distance is the frame's grey level."""

from __future__ import annotations

import base64
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import Flask

from hub import close, create_app
from hub.context import Hub
from hub.contract.errors import Unavailable
from hub.settings.file import load
from hub.tracking import search as search_module
from hub.tracking import searches as searches_module
from hub.tracking.analysis import Analysis
from hub.tracking.envelope import Embedding
from hub.tracking.matches import KeptMatches
from hub.tracking.persons import Persons
from hub.tracking.searches import Searches
from hub.vision.process import VisionProcess
from tests.support.devices import jpeg
from tests.support.videos import level_of, write_video

LOOK = """
import os, sys, time
from pathlib import Path
from hub.vision.wire import receive, send
source, out, folder = sys.stdin.buffer, sys.stdout.buffer, Path(sys.argv[1])
import cv2, numpy
send(out, {'state': 'ready'})
while (message := receive(source)) is not None:
    head, picture = message
    request = head['request']
    if (folder / 'die').exists():
        if (folder / 'die').read_text() == 'once':
            (folder / 'die').unlink()
        os._exit(3)
    while (folder / 'wait').exists():
        time.sleep(0.005)
    image = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    if request['model'] != 'grey':
        send(out, {'id': head['id'], 'error': 'The embedding was made by another model; make a new one.'})
        continue
    height, width = image.shape
    distance = round(float(numpy.median(image)) / 10) / 100
    person = {'box': [10.0, 5.0, 30.0, 45.0], 'confidence': 0.9, 'distance': distance, 'track': 1}
    person['match'] = distance < request['max_distance']
    send(out, {'id': head['id'], 'result': {'width': width, 'height': height, 'people': [person]}})
"""


class Find:
    """A hub with searches, its client, and what steers its vision process."""

    def __init__(self, app: Flask, hub: Hub, folder: Path) -> None:
        self.app, self.hub, self.folder, self.client = app, hub, folder, app.test_client()
        self.videos = hub.settings.instance / "videos"
        self.videos.mkdir()
        self.searches = hub.part(Searches)

    def embedding(self, model: str = "grey") -> str:
        return self.hub.part(Persons).seal(Embedding(b"\0\0\x80?" * 8, model, str(uuid.uuid4()), 1))

    def post(self, video: Any, **more: Any) -> Any:
        return self.client.post("/find", json={"embedding": self.embedding(), "video": video, **more})

    def ended(self, url: str) -> dict[str, Any]:
        """The search when it has ended."""
        end = time.monotonic() + 20
        while (body := self.client.get(url).json)["status"] in ("queued", "running"):
            assert time.monotonic() < end, body
            gevent.sleep(0.01)
        return body

    def hold(self) -> None:
        """Let the vision process wait with its answers."""
        (self.folder / "wait").touch()

    def go_on(self) -> None:
        (self.folder / "wait").unlink()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Find]]:
    made: list[tuple[Flask, VisionProcess, gevent.Greenlet]] = []

    def new(**settings: str) -> Find:
        app = create_app(load(tmp_path / "instance", {}, settings))
        hub = app.extensions["gatehouse"]
        command = (sys.executable, "-c", LOOK, str(tmp_path))
        vision = VisionProcess("apriltag", command=command, first_backoff=0.01, idle_seconds=60)
        made.append((app, vision, gevent.spawn(vision.run)))
        hub.part(Analysis).vision = vision
        return Find(app, hub, tmp_path)

    yield new
    for app, vision, greenlet in made:
        close(app)
        vision.close()
        greenlet.join(10)
        assert greenlet.successful()


@pytest.fixture
def find(make: Callable[..., Find]) -> Find:
    return make()


def test_the_older_form_of_a_short_video(find: Find) -> None:
    write_video(find.videos / "a.avi", 70, 10.0)
    person = {"name": "someone", "embedding": find.embedding(), "id": 3}
    video = {"id": 1, "path": "a.avi", "username": "me"}
    answer = find.client.post("/find", json={"person": person, "video": video})
    body = answer.json
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (body["status"], body["progress"], body["frames"], body["fps"]) == ("done", 1.0, 70, 10.0)
    assert (body["step"], body["examined"], body["total_matches"], body["video"]) == (30, 3, 3, "a.avi")
    assert [match["frame_number"] for match in body["matches"]] == [0, 30, 60]
    assert [match["timestamp"] for match in body["matches"]] == [0.0, 3.0, 6.0]
    assert [match["time_formatted"] for match in body["matches"]] == ["00:00", "00:03", "00:06"]
    assert [match["distance"] for match in body["matches"]] == [level_of(number) / 1000 for number in (1, 31, 61)]
    assert body["matches"][0]["bbox"] == [10.0, 5.0, 30.0, 45.0]
    assert body["matches"][0]["coordinate_info"]["image_width"] == 64
    assert find.client.get(body["url"]).json == body


def test_step_and_limit_of_the_distance(find: Find) -> None:
    write_video(find.videos / "a.mp4", 24, 10.0)
    body = find.post("a.mp4", step=5, max_distance=0.1).json
    assert body["examined"] == 5
    assert [match["frame_number"] for match in body["matches"]] == [0, 5], "levels of 10, 60, 110, 160 and 210"


def test_a_picture(find: Find) -> None:
    (find.videos / "still.jpg").write_bytes(jpeg(100))
    body = find.post("still.jpg").json
    assert (body["status"], body["examined"], body["progress"]) == ("done", 1, 1.0)
    assert [(match["frame_number"], match["timestamp"]) for match in body["matches"]] == [(0, 0.0)]


def test_a_longer_search_is_a_job(make: Callable[..., Find]) -> None:
    find = make(HUB_TRACKING_SEARCH_WAIT_SECONDS="0.05")
    write_video(find.videos / "a.avi", 60, 10.0)
    find.hold()
    answer = find.post("a.avi", step=1)
    body = answer.json
    assert answer.status_code == 202 and answer.headers["Location"] == body["url"] == f"/find/{body['job']}"
    assert body["status"] in ("queued", "running") and body["matches"] == [] and body["progress"] == 0.0
    find.go_on()
    done = find.ended(body["url"])
    assert (done["status"], done["progress"], done["examined"]) == ("done", 1.0, 60)
    numbers = [match["frame_number"] for match in done["matches"]]
    assert numbers == list(range(60))
    assert find.client.get(f"{body['url']}?after=57").json["matches"] == done["matches"][57:]
    assert find.hub.part(Searches).status() == {"waiting": 0, "running": None, "kept": 1}


def test_progress_and_matches_grow(make: Callable[..., Find]) -> None:
    find = make(HUB_TRACKING_SEARCH_WAIT_SECONDS="0")
    write_video(find.videos / "a.avi", 200, 10.0)
    url, seen = find.post("a.avi", step=1).json["url"], []
    while not seen or seen[-1]["status"] in ("queued", "running"):
        seen.append(find.client.get(url).json)
        gevent.sleep(0.005)
    shown = [body["progress"] for body in seen]
    assert shown == sorted(shown) and shown[-1] == 1.0 and any(0 < one < 1 for one in shown)
    assert all(len(body["matches"]) == body["total_matches"] == body["examined"] for body in seen)


def test_a_search_is_cancelled(make: Callable[..., Find]) -> None:
    find = make(HUB_TRACKING_SEARCH_WAIT_SECONDS="0")
    write_video(find.videos / "a.avi", 60, 10.0)
    find.hold()
    first, second = (find.post("a.avi", step=1).json for _ in range(2))
    gevent.sleep(0.01)
    assert find.client.get(second["url"]).json["status"] == "queued"
    for one in (second, first):
        answer = find.client.delete(one["url"])
        assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    find.go_on()
    write_video(find.videos / "b.avi", 3, 10.0)
    assert find.ended(find.post("b.avi").json["url"])["status"] == "done", "the next one is not kept waiting"
    assert [find.client.get(one["url"]).json["status"] for one in (first, second)] == ["cancelled", "cancelled"]
    assert find.client.delete(first["url"]).json["status"] == "cancelled"


def test_too_many_searches(make: Callable[..., Find]) -> None:
    find = make(HUB_TRACKING_SEARCH_WAIT_SECONDS="0", HUB_TRACKING_MAX_SEARCHES="2")
    write_video(find.videos / "a.avi", 3, 10.0)
    find.hold()
    accepted = [find.post("a.avi").json]
    gevent.sleep(0.01)  # it runs
    accepted += [find.post("a.avi").json for _ in range(2)]
    answer = find.post("a.avi")
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "2 searches are waiting" in answer.json["message"] and answer.json["detail"] == answer.json["message"]
    find.go_on()
    assert [find.ended(one["url"])["status"] for one in accepted] == ["done"] * 3
    assert find.post("a.avi").status_code in (200, 202)


@pytest.mark.parametrize("name", ["missing.mp4", "../a.avi", "/etc/passwd", "text.txt", "http://127.0.0.1/a.mp4"])
def test_unknown_videos(find: Find, name: str) -> None:
    (find.videos / "text.txt").write_text("no video")
    for video in (name, {"id": 1, "path": name}):
        answer = find.post(video)
        assert answer.status_code == 404 and answer.json["message"].startswith("There is no video of this name")
        assert name not in answer.text and str(find.videos) not in answer.text


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "embedding is missing"),
        ({"embedding": 5, "video": "a.avi"}, "'embedding' is a text"),
        ({"embedding": "x" * 70_000, "video": "a.avi"}, "too long"),
        ({"embedding": "MAC check", "video": "a.avi"}, "no embedding of this hub"),
        ({"person": {"name": "a"}, "video": "a.avi"}, "person.embedding is missing"),
        ({"person": {"name": "a", "embedding": "E"}}, "video is missing"),
        ({"embedding": "E", "video": {"id": 1}}, "video is missing"),
        ({"embedding": "E", "video": 7}, "video is missing"),
        ({"embedding": "E", "video": "a.avi", "step": 0}, "step is a whole number"),
        ({"embedding": "E", "video": "a.avi", "step": 1001}, "step is a whole number"),
        ({"embedding": "E", "video": "a.avi", "step": True}, "step is a whole number"),
        ({"embedding": "E", "video": "a.avi", "step": "5"}, "step is a whole number"),
        ({"embedding": "E", "video": "a.avi", "max_distance": 0}, "max_distance is a number"),
        ([], "A JSON object"),
    ],
)
def test_what_is_no_request(find: Find, body: Any, part: str) -> None:
    answer = find.client.post("/find", json=body)
    assert answer.status_code == 422 and part in answer.json["message"] and answer.json["success"] is False
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_bodies_that_are_no_json(find: Find) -> None:
    assert find.client.post("/find", data=b"{", content_type="application/json").status_code == 422
    assert find.client.post("/find", data=b"a=b", content_type="text/csv").status_code == 422
    assert find.client.get("/find").status_code == 405


def test_an_altered_embedding_and_one_of_another_model(find: Find) -> None:
    write_video(find.videos / "a.avi", 3, 10.0)
    data = bytearray(base64.b64decode(find.embedding()))
    data[-1] ^= 1
    answer = find.client.post("/find", json={"embedding": base64.b64encode(data).decode(), "video": "a.avi"})
    assert answer.status_code == 422 and "altered" in answer.json["message"]
    answer = find.client.post("/find", json={"embedding": find.embedding("other"), "video": "a.avi"})
    assert answer.status_code == 422 and "another model" in answer.json["message"]


def test_a_file_that_is_no_video(find: Find) -> None:
    (find.videos / "a.mp4").write_bytes(b"no video" * 100)
    answer = find.post("a.mp4")
    assert answer.status_code == 422 and answer.json["message"] == "The file is no video that can be played."


def test_a_vision_process_that_dies_once_costs_nothing(find: Find) -> None:
    write_video(find.videos / "a.avi", 70, 10.0)
    (find.folder / "die").write_text("once")
    body = find.post("a.avi").json
    assert (body["status"], body["examined"]) == ("done", 3)


def test_a_vision_process_that_keeps_dying(make: Callable[..., Find]) -> None:
    find = make()
    write_video(find.videos / "a.avi", 70, 10.0)
    (find.folder / "die").write_text("always")
    answer = find.post("a.avi")
    assert answer.status_code == 503 and answer.json["success"] is False
    (find.folder / "die").unlink()
    assert find.post("a.avi").json["status"] == "done"


def test_matches_are_bounded(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MAX_MATCHES", 4)
    write_video(find.videos / "a.avi", 20, 10.0)
    body = find.post("a.avi", step=2).json
    assert (len(body["matches"]), body["total_matches"], body["truncated"]) == (4, 10, True)


def test_ended_searches_expire(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    (find.videos / "still.jpg").write_bytes(jpeg(100))
    monkeypatch.setattr(searches_module, "KEPT", 3)
    urls = [find.post("still.jpg").json["url"] for _ in range(5)]
    assert [find.client.get(url).status_code for url in urls] == [404, 404, 200, 200, 200]
    monkeypatch.setattr(searches_module, "KEPT_SECONDS", -1.0)
    answer = find.client.get(urls[-1])
    assert answer.status_code == 404 and "no search of this id" in answer.json["message"]
    assert find.client.delete("/find/nothing").status_code == 404


def test_searches_for_a_deleted_person_are_gone(make: Callable[..., Find]) -> None:
    find = make(HUB_TRACKING_SEARCH_WAIT_SECONDS="0")
    write_video(find.videos / "a.avi", 60, 10.0)
    person, other = find.embedding(), find.embedding()
    find.hold()
    urls = [
        find.client.post("/find", json={"embedding": one, "video": "a.avi", "step": 1}).json["url"]
        for one in (person, person, other)
    ]
    gevent.sleep(0.01)
    find.hub.part(KeptMatches).delete_person(find.hub.part(Persons).open_any(person).person)
    assert [find.client.get(url).status_code for url in urls] == [404, 404, 200]
    find.go_on()
    assert find.ended(urls[2])["examined"] == 60


def test_the_list_of_videos(find: Find) -> None:
    assert find.client.get("/api/tracking/videos").json == {"success": True, "videos": []}
    write_video(find.videos / "a.avi", 3, 10.0)
    (find.videos / "notes.txt").write_text("no video")
    listed = find.client.get("/api/tracking/videos").json["videos"]
    assert [video["name"] for video in listed] == ["a.avi"]
    assert listed[0]["bytes"] == (find.videos / "a.avi").stat().st_size and listed[0]["modified"].endswith("Z")


def test_another_folder(make: Callable[..., Find], tmp_path: Path) -> None:
    other = tmp_path / "recordings"
    other.mkdir()
    write_video(other / "a.avi", 3, 10.0)
    find = make(HUB_TRACKING_VIDEOS=str(other))
    assert find.post("a.avi").json["status"] == "done"


def test_an_error_in_the_hub_ends_the_search_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "still.jpg").write_bytes(jpeg(100))
    looks = iter([{"people": [{}], "width": 1, "height": 1}, {"people": [], "width": 1, "height": 1}])
    searches = Searches(SimpleNamespace(match=lambda *args, **more: next(looks)), 5, lambda person: None)
    person = Embedding(b"\0\0\x80?", "grey", str(uuid.uuid4()), 1)
    first, second = (searches.add(tmp_path / "still.jpg", "still.jpg", person, 0.38, 30) for _ in range(2))
    with pytest.raises(KeyError):
        searches.run()
    assert (first.status, second.status) == ("failed", "queued") and "the hub's log" in first.body()["error"]
    running = gevent.spawn(searches.run)  # as the supervisor does
    assert second.ended.wait(10) and second.status == "done"
    searches.close()
    running.join(5)
    assert running.successful()
    with pytest.raises(Unavailable):
        searches.add(tmp_path / "still.jpg", "still.jpg", person, 0.38, 30)
