"""Properties of the boards' contract: any text becomes bounded readings, or is refused with a sentence."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.apriltag.contract.decoding import MAX_TEXT_BYTES, decode_reading
from hub.apriltag.contract.reading import MAX_FIELDS, MAX_TAG_ID, MAX_TAGS, Reading, parse_post, parse_readings
from hub.apriltag.contract.values import MAX_DEPTH, MAX_KEY
from hub.contract.errors import ContractError
from tests.support.generated import assert_sentence, depth_of, numbers, objects, texts, values

pytestmark = pytest.mark.slow

KEYS = ("tag_id", "timestamp", "smartcam_ip", "camera_name", "data", "tags", "event", "id", "x", "yaw")
READING = {"tag_id": numbers(), "timestamp": numbers(), "camera_name": texts(), "x_cm": numbers()}
TAGS = st.lists(objects(("id", "x", "y", "z", "tag_id"), {"id": numbers()}) | values(2), max_size=40)
MESSAGES = objects(KEYS, READING | {"tags": TAGS, "data": objects(KEYS, READING)})


def check(readings: list[Reading]) -> None:
    assert len(readings) <= MAX_TAGS
    for reading in readings:
        orjson.dumps(reading.payload)
        assert len(reading.payload) <= MAX_FIELDS and depth_of(reading.payload) <= MAX_DEPTH + 1
        assert all(len(key) <= MAX_KEY for key in reading.payload)
        assert reading.tag_id is None or abs(reading.tag_id) < MAX_TAG_ID
        assert reading.clock is None or 0 <= reading.clock < float("inf")
        (reading.smartcam_ip + reading.camera_name).encode()


@given(MESSAGES | values())
def test_a_message_is_bounded_readings_or_refused(data: Any) -> None:
    before = copy.deepcopy(data)
    try:
        readings = parse_readings(data)
    except ContractError as error:
        assert_sentence(error)
        return
    check(readings)
    assert repr(readings) == repr(parse_readings(before))


@given(st.text(st.characters(), max_size=40) | MESSAGES.map(str), st.sampled_from(["'", '"']), st.booleans())
def test_any_datagram_is_a_reading_or_refused(text: str, quote: str, as_object: bool) -> None:
    body = (f"{{{quote}tag_id{quote}: {text}}}" if as_object else text).encode("utf-8", "surrogatepass")
    for form in (body, body.decode("utf-8", "surrogatepass")):
        try:
            check(parse_readings(decode_reading(form)))
        except ContractError as error:
            assert_sentence(error)


@given(st.binary(max_size=60), st.sampled_from(["", "application/json", "text/html", "\x00/\xff+json"]))
def test_any_post_is_readings_or_refused(body: bytes, content_type: str) -> None:
    try:
        check(parse_post(content_type, body))
    except ContractError as error:
        assert_sentence(error)


@given(MESSAGES)
def test_what_a_board_sends_as_text_is_what_was_meant(data: dict[str, Any]) -> None:
    try:
        text = json.dumps(data, ensure_ascii=False)
        size = len(text.encode())
    except ValueError:  # more digits than Python writes; unpaired surrogates
        assume(False)
    assume(size <= MAX_TEXT_BYTES)
    try:
        sent = parse_readings(decode_reading(text))
    except ContractError as error:
        assert_sentence(error)
        return
    check(sent)
    assert [one.tag_id for one in sent] == [one.tag_id for one in parse_readings(data)]
