"""Values from outside: what keeps the limits stays as it is, and the rest is cut with a warning."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from hub.apriltag.contract.single_quotes import single_to_double
from hub.contract.bounds import FIELD_BYTES, INT_64, MAX_KEY, Limits, bounded, bounded_record, fits, plain_size
from hub.contract.errors import ContractError
from hub.contract.json_text import decode


def cut(value: Any, limits: Limits = Limits()) -> tuple[Any, list[str]]:  # noqa: B008  frozen
    warnings: list[str] = []
    kept = bounded(value, "field", warnings, limits)
    orjson.dumps(kept)
    return kept, warnings


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "text", [1, [2]], {"a": {"b": [1.5, "กข", None, False]}}, nested(16)]
)
def test_what_keeps_the_limits_stays_as_it_is(value: Any) -> None:
    kept, warnings = cut(value)
    assert kept == value and not warnings


@pytest.mark.parametrize(
    ("value", "becomes", "word"),
    [
        ([float("nan")], [None], "NaN"),
        ({"a": float("-inf")}, {"a": None}, "field.a is NaN or Infinity"),
        ([2**63], [float(2**63)], "64 bits"),
        ([10**400], [None], "64 bits"),
        ([b"bytes"], [None], "no JSON value"),
        (["a\ud800b"], ["a?b"], ""),
        ({"x" * 300: 1}, {"x" * 200: 1}, ""),
        (nested(18), [[[[[[[[[[[[[[[[None]]]]]]]]]]]]]]]], "nested deeper than 16"),
        ([0] * 600, [0] * 500, "first 500"),
        (["x" * 5000], ["x" * 4000], "cut to 4000 characters"),
    ],
)
def test_what_does_not_is_cut_and_named(value: Any, becomes: Any, word: str) -> None:
    kept, warnings = cut(value)
    assert kept == becomes and word in " ".join(warnings)


@pytest.mark.parametrize("text", ["x" * 3999, "ก" * 1300, '"\\\n\x01' * 900])
def test_the_bytes_of_the_whole_are_bounded(text: str) -> None:
    kept, warnings = cut([{"text": text}] * 400)
    assert FIELD_BYTES / 4 < len(orjson.dumps(kept)) <= FIELD_BYTES * 1.1 and warnings


def test_pictures_and_what_is_decoded_later_stay_whole() -> None:
    record = {"image": "x" * 10**6, "rows": nested(50), "text": "y" * 10**6, "deep": nested(50), "camera": "7"}
    warnings: list[str] = []
    kept = bounded_record(record, warnings, frozenset(("image",)), frozenset(("rows",)))
    assert kept["image"] is record["image"] and kept["rows"] is record["rows"] and kept["camera"] == "7"
    assert len(kept["text"]) < 30_000 and len(warnings) == 1


def test_nan_is_decoded_in_texts_of_every_size() -> None:
    for size in (10, 100_000):
        value = decode('{"picture": "%s", "numbers": [NaN, -Infinity, 1e999, 2]}' % ("A" * size))
        assert len(value["picture"]) == size and value["numbers"][3] == 2
        assert cut(value["numbers"])[0] == [None, None, None, 2]


@pytest.mark.parametrize(
    "text", ['{"a": NaN', '{"a": nan}', "[NaNa]", '{"a": NaN, "b": "\\ud800"}', "[NaN," + "[" * 2000]
)
def test_what_is_no_json_is_refused_with_nan_in_it_as_well(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        decode(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text", ["[" + "[]," * 40_000 + "1]", '["' + '","' * 70_000 + '"]', '["' + '\\"' * 110_000 + '"]']
)
def test_much_structure_is_refused(text: str) -> None:
    for form in (text, text.encode()):
        with pytest.raises(ContractError) as caught:
            decode(form)
        assert caught.value.status == 413


@pytest.mark.parametrize("text", ["'" + "a'b" * 20_000, "'" + "' " * 30_000 + "x", "'" + "\\" * 60_000, '"' * 60_000])
def test_rewriting_single_quotes_is_linear(text: str) -> None:
    began = time.process_time()
    single_to_double(text)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "value",
    [
        [{"text": "1AB", "confidence": 0.93, "bbox": [10, 20, 110, 60]}],
        {"a": [True, "กข", {"b": "x" * 300, "k" * MAX_KEY: [1]}], "c": ":x"},
        [],
        ["x" * 3000],
    ],
)
def test_a_small_value_within_the_limits_is_known_by_its_json(value: Any) -> None:
    assert plain_size(value) == len(orjson.dumps(value)) and fits(value)


@pytest.mark.parametrize(
    "value",
    [
        nested(17),
        [float("nan")],
        [float("inf")],
        [INT_64],
        [-INT_64 - 1],
        ["\ud800"],
        [{"k" * (MAX_KEY + 1): 1}],
        [{'k"' * MAX_KEY: 1}],
        [1, {"a": "x" * 500, "b" * (MAX_KEY + 1): ":"}],
        [b"bytes"],
        list(range(501)),
        ["x" * 4001],
        {1: 2},
    ],
)
def test_any_other_value_is_looked_through(value: Any) -> None:
    assert not plain_size(value)
