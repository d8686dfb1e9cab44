"""POST /upload-embedding: every form of photo, several photos, pages of any origin, and what cannot be used."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from tests.hub.tracking.drawn import BOTH, GREEN, NOBODY, PHOTO, PHOTO_GREEN, RED
from tests.support import people
from tests.support.helpers import HubProcess
from tests.support.tracking import TrackingClient, text_of, upload

pytestmark = pytest.mark.slow

KEYS = {"embedding", "shape", "dtype", "method", "status"}
ORIGIN = {"Origin": "http://elsewhere.example"}


def post(hub: HubProcess, **more: Any) -> requests.Response:
    return requests.post(f"{hub.url}/upload-embedding", timeout=30, **more)


def test_the_published_form(hub: HubProcess) -> None:
    answer = post(hub, json={"image": text_of(PHOTO)}, headers=ORIGIN)
    body = answer.json()
    assert answer.status_code == 200 and body.keys() >= KEYS
    assert (body["shape"], body["dtype"], body["method"], body["status"]) == (
        [512],
        "float32",
        "multi_frame",
        "success",
    )
    assert (body["found"], body["pictures"], body["warnings"]) == (True, 1, [])
    assert len(base64.b64decode(body["embedding"])) > 2048
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": {"image": f"data:image/jpeg;base64,{text_of(PHOTO)}"}},
        {"files": {"file": ("me.jpg", PHOTO, "image/jpeg")}},
        {"files": {"image": PHOTO}},
        {"files": {"image": (None, text_of(PHOTO))}},
        {"data": PHOTO, "headers": {"Content-Type": "image/jpeg"}},
    ],
)
def test_other_forms_of_a_photo(hub: HubProcess, request_of: dict[str, Any]) -> None:
    answer = post(hub, **request_of)
    assert answer.status_code == 200, answer.text
    assert answer.json()["found"] is True


def test_a_preflight_of_any_origin(hub: HubProcess) -> None:
    for path in ("/upload-embedding", "/find"):
        answer = requests.options(
            f"{hub.url}{path}",
            headers={
                **ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
            timeout=10,
        )
        assert answer.status_code in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "content-type" in answer.headers["Access-Control-Allow-Headers"]


def test_several_photos_make_one_better_embedding(hub: HubProcess) -> None:
    """The mean of photos in different light is nearer to a third light than the first photo alone."""
    lights = [people.jpeg(people.portrait(RED, seed=seed)) for seed in (11, 12, 13)]
    picture = people.jpeg(people.frame([RED, GREEN], seed=9))
    one, several = upload(hub, lights[0]), upload(hub, *lights)
    assert several["pictures"] == 3 and several["person"] != one["person"]
    step = upload(hub, lights[1], embedding=one["embedding"])
    assert step["person"] == one["person"] and step["pictures"] == 2
    distances = []
    with TrackingClient(hub) as client:
        for answer in (one, several):
            client.frame(picture, answer["embedding"], max_distance=2)
            distances.append(client.matches()["matches"][0]["distance"])
            assert 0 < distances[-1] < 0.38


def test_a_photo_without_a_person_is_used_as_a_whole_and_says_so(hub: HubProcess) -> None:
    body = upload(hub, NOBODY)
    assert body["found"] is False and body["boxes"] == [None]
    assert body["warnings"][0].startswith("No person was found in the picture; the whole picture was used.")
    mixed = upload(hub, PHOTO, NOBODY)
    assert mixed["found"] is True and mixed["pictures"] == 1
    assert mixed["warnings"] == ["No person was found in picture 2; it was left out."]


def test_a_photo_of_two_says_so(hub: HubProcess) -> None:
    body = upload(hub, BOTH)
    assert body["warnings"] == ["2 persons were found; the one found most surely was used."]


@pytest.mark.parametrize(
    ("request_of", "sentence"),
    [
        ({"json": {}}, "image is missing"),
        ({"json": {"image": 7}}, "not a text"),
        ({"json": {"image": ""}}, "not base64"),
        ({"json": {"image": text_of(b"no picture")}}, "Failed to decode"),
        ({"json": {"image": text_of(PHOTO[:300])}}, "Failed to decode"),
        ({"json": []}, "JSON object"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "JSON cannot be read"),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, "content type"),
        ({"files": {"file": b""}}, "Failed to decode"),
        ({"json": {"images": [text_of(PHOTO)] * 17}}, "At most 16"),
        ({"json": {"image": text_of(PHOTO), "embedding": "nonsense"}}, "no embedding of this hub"),
    ],
)
def test_what_cannot_be_used_is_422_with_a_sentence(hub: HubProcess, request_of: dict, sentence: str) -> None:
    answer = post(hub, **request_of)
    body = answer.json()
    assert answer.status_code == 422, answer.text
    assert body["success"] is False and sentence in body["message"] and body["detail"] == body["message"]
    assert "/" not in body["detail"].replace("POST /upload-embedding", "").replace("text/plain", "").replace(
        "application/json", ""
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_an_altered_embedding_is_not_improved(hub: HubProcess) -> None:
    embedding = upload(hub, PHOTO_GREEN)["embedding"]
    answer = post(hub, json={"image": text_of(PHOTO), "embedding": embedding[:-12]})
    assert answer.status_code == 422 and "altered or cut" in answer.json()["detail"]


def test_another_method_is_405_and_another_machine_is_refused(hub: HubProcess, client: Any) -> None:
    assert requests.get(f"{hub.url}/upload-embedding", timeout=10).status_code == 405
    for headers in ({}, ORIGIN):
        answer = client.post("/upload-embedding", environ_base={"REMOTE_ADDR": "192.0.2.5"}, headers=headers)
        assert answer.status_code == 401
    assert client.post("/upload-embedding", headers={"Host": "evil.example"}).status_code == 403


def test_the_overview_names_model_sources_and_limits(hub: HubProcess) -> None:
    body = hub.get("/api/tracking")
    assert body["sources"]["named"] == ["yard", "gone"] and body["max_distance"] == 0.38
    assert body["keep_matches"] is False and body["model"]["size"] == 512
