"""Properties of the tracking contracts: any object becomes a message, or is refused with a sentence."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object
from hub.tracking.contract.messages import (
    MAX_DISTANCE,
    MAX_EMBEDDING,
    SingleFrame,
    StartTracking,
    Wanted,
    parse_message,
)
from hub.tracking.contract.search import MAX_STEP, parse_search
from hub.tracking.contract.session_id import MAX_LENGTH, session_id
from hub.tracking.contract.upload import MAX_PICTURES, Upload, upload_from_files, upload_from_json
from tests.support.generated import assert_sentence, numbers, objects, texts, values

MAX_FPS = 30.0
KEYS = ("type", "person_embed", "video_source", "fps_limit", "max_distance", "others", "crops", "frame")
MESSAGES = objects(
    KEYS,
    {
        "type": st.sampled_from(["single_frame", "start_tracking", "start_tracking", "stop_tracking", "ping"]),
        "person_embed": st.just("AAAA"),
        "fps_limit": numbers(),
        "max_distance": st.none() | st.floats(0.1, 2.0),
        "frame": st.sampled_from(["/9j/4AAQ", "data:image/jpeg;base64,/9j/", "!"]),
    },
)
SEARCHES = objects(
    ("person", "video", "embedding", "step", "max_distance"),
    {
        "person": st.fixed_dictionaries({"embedding": texts() | st.just("AAAA")}),
        "embedding": st.just("AAAA"),
        "video": texts() | st.fixed_dictionaries({"path": texts()}),
        "step": st.integers(-5, 2000),
        "max_distance": st.none() | numbers(),
    },
)
PICTURES = st.sampled_from(["/9j/4AAQ", "A", "", "data:,", 7, None])
UPLOADS = objects(
    ("image", "images", "embedding"),
    {"image": PICTURES, "images": st.lists(PICTURES, max_size=20) | values(3), "embedding": texts()},
)


def check_wanted(wanted: Wanted) -> None:
    assert 0 < len(wanted.embedding) <= MAX_EMBEDDING
    assert wanted.max_distance is None or 0 < wanted.max_distance <= MAX_DISTANCE
    assert isinstance(wanted.others, bool) and isinstance(wanted.crops, bool)


@given(MESSAGES)
@example({"type": "start_tracking", "person_embed": "AAAA", "fps_limit": 10**400})
@example({"type": "start_tracking", "person_embed": "AAAA", "fps_limit": 10**5000})
@example({"type": "\ud800"})
def test_a_message_is_one_of_the_kinds_or_refused(data: dict[str, Any]) -> None:
    try:
        message = parse_message(data, MAX_FPS)
    except ContractError as error:
        assert_sentence(error)
        return
    if isinstance(message, StartTracking):
        check_wanted(message.wanted)
        assert 0 < message.fps <= MAX_FPS and math.isfinite(message.fps)
    elif isinstance(message, SingleFrame):
        check_wanted(message.wanted)
        assert message.frame
    assert parse_message(data, MAX_FPS) == message


@given(MESSAGES)
def test_a_message_as_text_is_treated_alike(data: dict[str, Any]) -> None:
    try:
        text = json.dumps(data, ensure_ascii=False)
        text.encode()
    except ValueError:  # more digits than Python writes; unpaired surrogates
        assume(False)
    try:
        parse_message(decode_object(text), MAX_FPS)
    except ContractError as error:
        assert_sentence(error)


@given(SEARCHES)
def test_a_search_is_bounded_or_refused(data: dict[str, Any]) -> None:
    try:
        search = parse_search(data)
    except ContractError as error:
        assert_sentence(error)
        return
    assert 0 < len(search.embedding) <= MAX_EMBEDDING and search.video and 1 <= search.step <= MAX_STEP
    assert search.max_distance is None or 0 < search.max_distance <= MAX_DISTANCE


def check_upload(upload: Upload) -> None:
    assert 1 <= len(upload.pictures) <= MAX_PICTURES and all(upload.pictures)
    assert upload.embedding is None or 0 < len(upload.embedding) <= MAX_EMBEDDING


@given(UPLOADS)
def test_an_upload_has_pictures_or_is_refused(data: dict[str, Any]) -> None:
    try:
        check_upload(upload_from_json(data))
    except ContractError as error:
        assert_sentence(error)


@given(
    st.dictionaries(st.sampled_from(["image", "images", "embedding", "x"]), texts() | st.just("/9j/4AAQ"), max_size=3),
    st.lists(st.binary(min_size=1, max_size=4), max_size=20),
)
def test_a_form_has_pictures_or_is_refused(fields: dict[str, str], files: list[bytes]) -> None:
    try:
        check_upload(upload_from_files(fields, files))
    except ContractError as error:
        assert_sentence(error)


@given(st.binary(max_size=150).map(lambda data: data.decode("latin-1")), st.sampled_from(["", "/", "/x"]))
def test_a_session_id_is_printable_or_refused(path: str, before: str) -> None:
    try:
        name = session_id(f"/video-stream{before}{path}")
    except ContractError as error:
        assert_sentence(error)
        return
    assert name.isprintable() and 0 < len(name) <= MAX_LENGTH and "/" not in name
    name.encode()


def test_an_embedding_that_is_too_long_is_refused() -> None:
    with pytest.raises(ContractError, match="too long"):
        parse_search({"embedding": "A" * (MAX_EMBEDDING + 1), "video": "v"})
