"""File pairs of tests/contract/apriltag_*: messages and the readings they become (docs/wire/apriltag.md 1.1, 5.6)."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hub.apriltag.contract.decoding import MAX_TEXT_BYTES, decode_reading
from hub.apriltag.contract.reading import MAX_FIELDS, MAX_TAGS, parse_post, parse_reading, parse_readings
from hub.apriltag.contract.single_quotes import single_to_double
from hub.apriltag.contract.values import MAX_DEPTH
from hub.contract.errors import ContractError
from hub.contract.json_text import decode, encode

FOLDER = Path(__file__).resolve().parents[2] / "contract"
VALID = sorted(path for path in (FOLDER / "valid").glob("apriltag_*.json") if ".becomes" not in path.name)
INVALID = sorted(path for path in (FOLDER / "invalid").glob("apriltag_*.json") if ".error" not in path.name)


def stem(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("as_text", [False, True], ids=["bytes", "text"])
@pytest.mark.parametrize("path", VALID, ids=stem)
def test_what_is_sent_becomes(path: Path, as_text: bool) -> None:
    body = path.read_bytes()
    found = [asdict(reading) for reading in parse_readings(decode_reading(body.decode() if as_text else body))]
    assert found == json.loads(path.with_suffix(".becomes.json").read_text("utf-8"))
    for reading in found:
        assert decode(encode(reading["payload"])) == reading["payload"]


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_what_is_no_reading_is_refused(path: Path) -> None:
    expected = json.loads(path.with_suffix(".error.json").read_text("utf-8"))
    with pytest.raises(ContractError) as caught:
        decode_reading(path.read_bytes())
    assert caught.value.status == expected["status"] and caught.value.message.startswith(expected["message"])


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"tag_id":1}', 0),
        ("application/json; charset=utf-8", b'{"tag_id":1}', 0),
        ("", b'{"tag_id":1}', 0),
        ("APPLICATION/JSON", b'{"tag_id":1}', 0),
        ("application/x-www-form-urlencoded", b'{"tag_id":1}', 415),
        ("text/plain", b'{"tag_id":1}', 415),
        ("image/jpeg", b"\xff\xd8\xff", 415),
        ("application/json", b"", 400),
        ("application/json", b"{}", 400),
        ("application/json", b" \n", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"a":"' + b"x" * MAX_TEXT_BYTES + b'"}', 413),
    ],
)
def test_a_post_by_its_content_type_and_body(content_type: str, body: bytes, status: int) -> None:
    if status == 0:
        assert [reading.tag_id for reading in parse_post(content_type, body)] == [1]
        return
    with pytest.raises(ContractError) as caught:
        parse_post(content_type, body)
    assert caught.value.status == status


def test_exactly_64_kb_is_taken_and_letters_count_by_their_bytes() -> None:
    frame = len('{"tag_id":5,"note":""}')
    assert decode_reading('{"tag_id":5,"note":"' + "x" * (MAX_TEXT_BYTES - frame) + '"}')["tag_id"] == 5
    with pytest.raises(ContractError):
        decode_reading('{"tag_id":5,"note":"' + "ü" * (MAX_TEXT_BYTES - frame) + '"}')


def test_everything_is_bounded() -> None:
    deep: Any = 1
    for _ in range(MAX_DEPTH + 200):
        deep = [deep]
    reading = parse_reading(
        {
            "tag_id": 3,
            "deep": deep,
            "long": "x" * 100_000,
            "k" * 5000: 1,
            **{f"f{number}": number for number in range(1000)},
        }
    )
    assert reading.tag_id == 3 and len(reading.payload) == MAX_FIELDS and max(map(len, reading.payload)) == 100
    assert len(reading.payload["long"]) == 4000
    assert len(encode(reading.payload)) < 20_000
    assert len(parse_readings({"tags": [{"id": number} for number in range(500)]})) == MAX_TAGS


@pytest.mark.parametrize("data", [None, [], "x", 5, True])
def test_what_is_no_object_is_no_reading(data: Any) -> None:
    with pytest.raises(ContractError):
        parse_reading(data)


def test_a_reading_is_the_same_before_and_after_its_own_repair() -> None:
    """Valid JSON is never rewritten, whatever is in its texts; the same in single quotes becomes the same."""
    dice = random.Random(7)
    letters = "ab'\"\\,:{}[] üñ\t"
    for _ in range(500):
        name = "".join(dice.choice(letters) for _ in range(dice.randrange(12)))
        text = json.dumps({"tag_id": 1, "camera_name": name, "x_cm": dice.random()}, ensure_ascii=dice.random() < 0.5)
        assert decode_reading(text)["camera_name"] == name
        assert single_to_double(text) == text
        single = (
            "{'tag_id':1,'camera_name':'" + name.replace("\\", "\\\\").replace("'", "\\'").replace("\t", "\\t") + "'}"
        )
        assert decode_reading(single)["camera_name"] == name


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_refused_with_a_sentence_and_never_fails(seed: int) -> None:
    dice = random.Random(seed)
    base = b'{"tag_id":5,"yaw":-15.2,"data":{"x_cm":null},\'camera_name\':\'Bob\'}'
    for _ in range(1500):
        noise = bytearray(base)
        for _ in range(dice.randrange(1, 6)):
            noise[dice.randrange(len(noise))] = dice.randrange(256)
        noise = noise[: dice.randrange(1, len(noise) + 1)]
        try:
            encode([asdict(reading) for reading in parse_readings(decode_reading(bytes(noise)))])
        except ContractError as error:
            assert error.status == 400 and error.message.endswith(".")
