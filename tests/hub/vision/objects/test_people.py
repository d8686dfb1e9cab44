"""The task "people": reference pictures, persons in frames, tracks, wrong requests."""

from __future__ import annotations

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from hub.vision.objects.people import PeopleFinder
from tests.support.people import BLUE, GREEN, RED, frame, jpeg, portrait, tight, walk

EMBED = {"op": "embed", "max_megapixels": 25}


@pytest.fixture
def finder():
    return PeopleFinder()


def match(reference, **more):
    return {"op": "match", "embedding": reference["embedding"], "model": reference["model"], **more}


def near(box, who):
    return abs((box[0] + box[2]) / 2 - who.x) < 25 and abs(box[3] - who.feet) < 25


def test_a_reference_picture_gives_the_person_and_an_embedding(finder):
    reply = finder.look(jpeg(portrait(RED)), EMBED)
    assert (reply["width"], reply["height"], reply["people"], reply["found"]) == (480, 360, 1, True)
    assert reply["confidence"] > 0.5
    assert near(reply["box"], replace(RED, x=240, feet=290))
    vector = np.frombuffer(base64.b64decode(reply["embedding"]), "<f4")
    assert vector.shape == (reply["size"],) == (512,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_picture_without_a_person_gives_the_embedding_of_all_of_it(finder):
    reply = finder.look(jpeg(frame([])), EMBED)
    assert (reply["people"], reply["found"], reply["box"], reply["confidence"]) == (0, False, None, 0.0)
    assert len(base64.b64decode(reply["embedding"])) == 4 * 512


def test_a_picture_cut_close_around_a_person_is_found(finder):
    whole = frame([RED, GREEN, BLUE])
    reply = finder.look(jpeg(tight(whole, GREEN)), EMBED)
    assert reply["found"] and reply["people"] == 1
    x1, y1, x2, y2 = reply["box"]
    assert (x2 - x1) * (y2 - y1) > 0.6 * reply["width"] * reply["height"]


@pytest.mark.parametrize("who", [RED, GREEN, BLUE])
def test_the_person_of_the_reference_picture_matches_and_the_others_do_not(finder, who):
    reference = finder.look(jpeg(portrait(who)), EMBED)
    reply = finder.look(jpeg(frame([RED, GREEN, BLUE])), match(reference, max_distance=0.38, crops=True))
    assert (reply["width"], reply["height"], reply["model"]) == (640, 480, reference["model"])
    assert [each["match"] for each in reply["people"]] == [True, False, False]
    nearest = reply["people"][0]
    assert near(nearest["box"], who)
    assert all(value == int(value) for value in nearest["box"])
    crop = cv2.imdecode(np.frombuffer(base64.b64decode(nearest["crop"]), np.uint8), cv2.IMREAD_COLOR)
    assert crop.shape[1] <= 96 and 100 < crop.shape[0] <= 192
    assert all("crop" not in each for each in reply["people"][1:])


def test_people_who_walk_keep_their_tracks_when_the_embedding_changes(finder):
    first, second = (finder.look(jpeg(portrait(who)), EMBED) for who in (RED, BLUE))
    tracks = {}
    for number, (picture, people) in enumerate(walk([RED, GREEN], 6)):
        reply = finder.look(jpeg(picture), match(first if number % 2 else second))
        assert len(reply["people"]) == 2
        for each in reply["people"]:
            name = next(index for index, who in enumerate(people) if near(each["box"], who))
            assert tracks.setdefault(name, each["track"]) == each["track"]
    assert len(set(tracks.values())) == 2


def test_each_stream_has_its_own_tracks_and_all_share_the_models(finder):
    other = PeopleFinder()
    assert other._detector is finder._detector and other._encoder is finder._encoder
    reference = finder.look(jpeg(portrait(RED)), EMBED)
    replies = [each.look(jpeg(frame([RED])), match(reference)) for each in (finder, other)]
    assert [reply["people"][0]["track"] for reply in replies] == [1, 1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": "osnet"}, "made by the model osnet"),
        ({"model": None}, "made by the model None"),
        ({"embedding": "%%"}, "not base64"),
        ({"embedding": None}, "not base64"),
        ({"embedding": "AAAA"}, "has 3 bytes"),
        ({"embedding": base64.b64encode(bytes(2048)).decode()}, "damaged"),
        ({"embedding": base64.b64encode(np.full(512, np.nan, "<f4").tobytes()).decode()}, "damaged"),
        ({"op": "paint"}, "operations"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(finder, change, sentence):
    request = match(finder.look(jpeg(portrait(RED)), EMBED)) | change
    with pytest.raises(ValueError, match=sentence):
        finder.look(jpeg(frame([RED])), request)


def test_describe_says_what_the_built_in_model_can_do(finder):
    reply = finder.look(b"", {"op": "describe"})
    assert (reply["detector"], reply["encoder"], reply["size"]) == ("ssd-mobilenetv2-oidv4", "hsv-stripes-2", 512)
    assert "clothes, not faces" in reply["ability"]


def test_a_person_who_stands_where_another_did_is_not_averaged_with_that_one(finder):
    """Frames of a search lie seconds apart: who stands at the same place may be somebody else."""
    other = replace(RED, trousers=GREEN.trousers)
    red = match(finder.look(jpeg(portrait(RED)), EMBED))
    alone = finder.look(jpeg(frame([other])), {**red, "successive": False})["people"]
    finder.look(jpeg(frame([RED])), {**red, "successive": True})
    apart = finder.look(jpeg(frame([other])), {**red, "successive": False})["people"]
    joined = finder.look(jpeg(frame([other])), red)["people"]
    assert apart == alone and apart[0]["track"] is None
    assert joined[0]["distance"] < apart[0]["distance"] and joined[0]["track"] == 1
