"""Properties of JSON from outside: large texts decode as the standard library does, bounds hold, cleaning is final."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hub.contract.bounds import (
    FIELD,
    FIELD_BYTES,
    INT_64,
    MAX_EXCESS,
    MAX_WARNINGS,
    Limits,
    bounded,
    bounded_record,
    fits,
)
from hub.contract.errors import ContractError
from hub.contract.json_large import LARGE_TEXT, MAX_PICTURE_DEPTH, TooMuchJson, loads
from hub.contract.json_text import decode
from hub.contract.text import clean
from hub.contract.times import EARLIEST, LATEST, local_text, parse_time, utc_text
from tests.support.generated import FEW, assert_sentence, depth_of, texts, values

LARGE = "A" * (LARGE_TEXT + 7)


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; numbers beyond 64 bits are doubles to one parser and exact to the other."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        if one == other or (math.isnan(one) and math.isnan(other)):
            return True
        return abs(other) >= INT_64 and math.isclose(float(one), float(other), rel_tol=1e-12)
    return bool(one == other)


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """Values with large texts and other long texts in some places; what looks like the parser's marks among them."""
    inner = st.one_of(
        values(6),
        st.sampled_from([LARGE, LARGE[1:] + "é", "x" * LARGE_TEXT, 'a"' * 40_000, "\\" * 70_000, "1"]),
        st.sampled_from(["\x00large text 0", "\x00large text 00", "large text 0", "\x00large text 1x"]),
    )
    return draw(st.lists(inner | st.dictionaries(texts() | st.just(LARGE), inner, max_size=3), max_size=5))


@FEW
@given(documents(), st.booleans(), st.booleans())
@example([LARGE, "\x00large text 0"], True, False)
@example([{LARGE: 1}], True, False)
def test_a_text_of_any_size_is_the_value_that_the_standard_library_makes_or_refused(
    document: Any, as_bytes: bool, escaped: bool
) -> None:
    try:
        text = json.dumps(document, ensure_ascii=escaped)
        data = text.encode()
    except UnicodeEncodeError:
        assume(False)
    except ValueError:
        assume(False)  # integers of more digits than Python writes
    try:
        value = loads(data if as_bytes else text)
    except (TooMuchJson, orjson.JSONDecodeError):
        # Unpaired surrogates, and no others: Python escapes them, and they are no text.
        assert not fits(document) or "\\ud" in text or depth_of(document) > MAX_PICTURE_DEPTH
        return
    assert depth_of(document) > MAX_PICTURE_DEPTH or equal(value, json.loads(text))


@given(
    st.text(st.sampled_from('"\\[]{},:0123456789.eE+-truefalsn NaInity\n\x00é')) | texts(), st.sampled_from([0, 1, 2])
)
def test_any_text_is_a_value_or_a_sentence(text: str, around: int) -> None:
    """`around`: how many large texts make it one that the bounded parser decodes."""
    text = f'["{LARGE}", {text}]' if around == 1 else f'{{"a": {text}, "b": "{LARGE}"}}' if around == 2 else text
    try:
        value = decode(text)
    except ContractError as error:
        assert_sentence(error)
        return
    assert equal(value, json.loads(text))


def test_a_text_that_looks_like_a_mark_of_the_parser_does_not_multiply_a_large_one() -> None:
    body = orjson.dumps([LARGE, *["\x00large text 0"] * 1000])
    assert loads(body) == [LARGE, *["\x00large text 0"] * 1000]


@given(values(), st.sampled_from([FIELD, Limits(depth=3, key=5, text=20, items=4, size=300)]))
def test_a_bounded_value_keeps_the_limits_and_is_bounded_for_good(value: Any, limits: Limits) -> None:
    warnings: list[str] = []
    kept = bounded(value, "field", warnings, limits)
    text = orjson.dumps(kept)
    assert depth_of(kept) <= limits.depth
    assert len(text) <= limits.size + MAX_EXCESS
    assert len(text) <= 6 * limits.text + 40 or isinstance(value, (dict, list))
    assert len(warnings) <= MAX_WARNINGS
    orjson.dumps(warnings)
    again: list[str] = []
    assert bounded(kept, "field", again, Limits(limits.depth, 6 * limits.key, limits.text, limits.items, 10**6)) == kept
    assert not again
    assert kept is not value or not warnings


@given(st.dictionaries(texts(), values(), max_size=6))
@example({"a": [[False] * 500] * 20})
@example({"a": [{"\x01" * 200: None} for _ in range(400)]})
def test_the_fields_of_a_bounded_record_can_be_encoded(data: dict[str, Any]) -> None:
    warnings: list[str] = []
    for key, value in bounded_record(data, warnings).items():
        if isinstance(value, str):
            assert len(value) <= 20 * 1024
        else:
            assert len(orjson.dumps(value)) <= FIELD_BYTES + MAX_EXCESS
        assert key in data
    orjson.dumps(warnings)


@given(texts())
def test_cleaned_text_is_clean(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept == kept.strip()
    kept.encode()
    assert not any(ord(char) < 32 and char not in "\n\t" or 0x7F <= ord(char) < 0xA0 for char in kept)


@given(values())
def test_a_time_is_within_the_range_that_can_be_shown(value: Any) -> None:
    seconds = parse_time(value)
    assert seconds is None or (EARLIEST < seconds < LATEST and utc_text(seconds) and local_text(seconds))


@pytest.mark.parametrize("text", ["1" * 5000, "[" * 500_000, '{"a":' * 100_000, "[" * 1000 + "NaN" + "]" * 1000])
def test_what_the_parsers_cannot_hold_is_refused_with_a_sentence(text: str) -> None:
    for form in (text, text.encode()):
        try:
            decode(form)
        except ContractError as error:
            assert_sentence(error)
