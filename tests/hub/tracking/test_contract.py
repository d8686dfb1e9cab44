"""Messages of tracking clients, replies, session ids, photos: what is accepted and what it becomes."""

from __future__ import annotations

import base64

import pytest

from hub.contract.errors import ContractError
from hub.tracking.contract.messages import Ping, SingleFrame, StartTracking, StopTracking, parse_message
from hub.tracking.contract.replies import match_object, time_text
from hub.tracking.contract.session_id import session_id
from hub.tracking.contract.upload import upload_from_files, upload_from_json

JPEG = b"\xff\xd8\xff\xe0 not decoded here"
TEXT = base64.b64encode(JPEG).decode()


def parse(**data: object) -> object:
    return parse_message(data, 30.0)


def test_every_message_of_the_published_clients() -> None:
    start = parse(type="start_tracking", person_embed="E", video_source=0, fps_limit=5)
    assert isinstance(start, StartTracking)
    assert (start.wanted.embedding, start.source, start.fps) == ("E", 0, 5.0)
    frame = parse(type="single_frame", frame=TEXT, person_embed="E")
    assert isinstance(frame, SingleFrame) and frame.frame == JPEG and frame.wanted.max_distance is None
    assert isinstance(parse(type="stop_tracking"), StopTracking) and isinstance(parse(type="ping"), Ping)


def test_defaults_and_extensions() -> None:
    start = parse(type="start_tracking", person_embed=" E ")
    assert isinstance(start, StartTracking) and (start.source, start.fps, start.wanted.embedding) == (0, 10.0, "E")
    fast = parse(type="start_tracking", person_embed="E", fps_limit=1000)
    assert isinstance(fast, StartTracking) and fast.fps == 30.0
    frame = parse(
        type="single_frame", frame=f"data:image/jpeg;base64,{TEXT}", person_embed="E", max_distance=0.5, others=True
    )
    assert isinstance(frame, SingleFrame) and frame.frame == JPEG
    assert (frame.wanted.max_distance, frame.wanted.others, frame.wanted.crops) == (0.5, True, False)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Unknown message type: None"),
        ({"type": "dance"}, "Unknown message type: dance"),
        ({"type": ["x"]}, "Unknown message type: list"),
        ({"type": "single_frame", "person_embed": "E"}, "'frame' is missing"),
        ({"type": "single_frame", "frame": TEXT}, "'person_embed' is missing"),
        ({"type": "single_frame", "frame": 7, "person_embed": "E"}, "'frame' is a text"),
        ({"type": "single_frame", "frame": "", "person_embed": "E"}, "Failed to decode frame"),
        ({"type": "single_frame", "frame": "not base64!", "person_embed": "E"}, "Failed to decode frame"),
        ({"type": "single_frame", "frame": TEXT, "person_embed": "x" * 70_000}, "too long"),
        ({"type": "single_frame", "frame": TEXT, "person_embed": "E", "max_distance": 0}, "max_distance is a number"),
        ({"type": "single_frame", "frame": TEXT, "person_embed": "E", "max_distance": True}, "max_distance"),
        ({"type": "start_tracking"}, "'person_embed' is missing"),
        ({"type": "start_tracking", "person_embed": 1}, "'person_embed' is a text"),
        ({"type": "start_tracking", "person_embed": ""}, "'person_embed' is a text"),
        *(
            ({"type": "start_tracking", "person_embed": "E", "fps_limit": fps}, "fps_limit is a number")
            for fps in (0, -5, "10", "fast", True, [1], float("nan"), float("inf"))
        ),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(data: dict, sentence: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_message(data, 30.0)
    assert sentence in caught.value.message


def test_a_match_has_every_field_of_the_document() -> None:
    made = match_object({"box": [10.0, 20.0, 60.0, 170.0], "confidence": 0.9, "distance": 0.21}, 640, 480, 120, 61.5)
    assert made == {
        "bbox": [10.0, 20.0, 60.0, 170.0],
        "bbox_format": "xyxy",
        "coordinate_info": {
            "format": "xyxy",
            "origin": "top_left",
            "image_width": 640,
            "image_height": 480,
            "yolo_processed_size": "640x480",
        },
        "crop_info": {"crop_width": 50.0, "crop_height": 150.0, "crop_area": 7500.0, "aspect_ratio": 0.3333},
        "confidence": 0.9,
        "distance": 0.21,
        "frame_number": 120,
        "timestamp": 61.5,
        "time_formatted": "01:01",
    }
    assert time_text(3725.9) == "62:05"


def wsgi(text: str) -> str:
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("name", ["session_1769581721123", "session123", "python_session_1", "ประตู-1", "a b", "a.b:c"])
def test_session_ids(name: str) -> None:
    assert session_id(wsgi(f"/video-stream/{name}")) == name


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/video-stream", 403),
        ("/video-stream/", 403),
        ("/video-stream/a/b", 403),
        ("/video-streams", 403),
        ("/video-stream/a\\b", 403),
        ("/video-stream/a\nb", 400),
        ("/video-stream/ a", 400),
        ("/video-stream/\xff\xfe", 400),
        ("/video-stream/" + "x" * 129, 400),
    ],
)
def test_session_ids_that_are_refused(path: str, status: int) -> None:
    with pytest.raises(ContractError) as caught:
        session_id(path)
    assert caught.value.status == status


def test_photos_in_every_form() -> None:
    assert upload_from_json({"image": TEXT}).pictures == [JPEG]
    assert upload_from_json({"image": f"data:image/png;base64,{TEXT}"}).pictures == [JPEG]
    assert upload_from_json({"image": TEXT[:10] + "\n" + TEXT[10:]}).pictures == [JPEG]
    several = upload_from_json({"image": TEXT, "images": [TEXT, TEXT], "embedding": "E"})
    assert several.pictures == [JPEG] * 3 and several.embedding == "E"
    form = upload_from_files({"embedding": "E"}, [JPEG, JPEG])
    assert form.pictures == [JPEG] * 2 and form.embedding == "E"
    assert upload_from_files({"image": TEXT}, []).pictures == [JPEG]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "image is missing"),
        ({"image": None}, "image is missing"),
        ({"image": 5}, "Picture 1 is not a text"),
        ({"image": ""}, "Picture 1 is not base64"),
        ({"image": "?"}, "Picture 1 is not base64"),
        ({"images": [TEXT, "A"]}, "Picture 2 is not base64"),
        ({"images": TEXT}, "images is a list"),
        ({"images": [TEXT] * 17}, "At most 16 photos"),
        ({"image": TEXT, "embedding": 5}, "'embedding' is a text"),
    ],
)
def test_photos_that_cannot_be_used(data: dict, sentence: str) -> None:
    with pytest.raises(ContractError) as caught:
        upload_from_json(data)
    assert sentence in caught.value.message
