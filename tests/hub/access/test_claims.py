"""The id that a record claims is the one under which a camera's record is stored."""

from __future__ import annotations

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.claims import claimed_at_start, claimed_in
from hub.lpr.contract.fields import CAMERA_KEYS
from hub.lpr.contract.parser import Context, parse

KEYS = [key for key in CAMERA_KEYS if key != "hostname"]


@pytest.mark.parametrize("pair", list(itertools.permutations(KEYS, 2)))
def test_of_two_ids_the_stored_one_is_checked(pair: tuple[str, str]) -> None:
    record = {pair[0]: "A", pair[1]: "B", "ocr_results": ["X1"]}
    context = Context("10.0.0.1", 1_790_000_000.0, None, 1_000_000, "")
    assert claimed_in(record) == parse(dict(record), context, "detection").sender.camera_id


@pytest.mark.parametrize(
    ("data", "claimed"),
    [
        (b'{"camera_id": "gate", "image": "AAAA', "gate"),
        (b'{"image": "AAAA", "aicamera_id" : 12, "x', "12"),
        (b'{"aicamera_id": "a", "camera_id": "b", "image', "b"),  # as in the whole record
        (b'{"camera_id": "\\u0e01 \\"x\\"", "image', '\u0e01 "x"'),
        (b'{"camera_id": "cut', ""),
        (b'{"camera_id": 12', ""),  # more digits may follow
        (b'{"camera_id": "\xff", "x', ""),
        (b'["camera_id": "a", ', ""),
        (b"", ""),
    ],
)
def test_the_beginning_of_a_body(data: bytes, claimed: str) -> None:
    assert claimed_at_start(data) == claimed


@given(st.sampled_from(KEYS), st.text(min_size=1, max_size=50) | st.integers(0, 10**9), st.binary(max_size=60))
def test_any_beginning_gives_an_id_or_none(key: str, value: str | int, rest: bytes) -> None:
    whole = orjson.dumps({key: value, "image": "A" * 50})
    expected = claimed_in({key: value})
    for end in range(len(whole) + 1):
        assert claimed_at_start(whole[:end]) in ("", expected)
    assert claimed_at_start(whole) == claimed_at_start(whole[:-3]) == expected
    assert isinstance(claimed_at_start(whole[:20] + rest), str) and isinstance(claimed_at_start(b"{" + rest), str)
