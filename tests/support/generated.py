"""Generated input for tests of properties: JSON values as a careless or hostile sender writes them, bytes in pieces."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st

from hub.contract.errors import RequestError

FEW = settings(max_examples=settings().max_examples // 4)
"""A quarter of the profile's examples: for tests with sockets or a database in each."""

ODD_NUMBERS = (0, -1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**308, 10**400, -(10**400))
ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "\x00 a\x7f",
    "\ud800",
    "a\udfffb",
    "\u202e\u0000text",
    "é" * 3000,
    "x" * 5000,
    "x" * 30_000,
    "9" * 30,
    "-" + "9" * 4000,
    "1e400",
    "NaN",
    "Infinity",
    "true",
    "none",
    "AAAA",
    "data:image/jpeg;base64,/9j/4AAQ",
    "2026-11-26T10:00:00",
    "2026-11-26T10:00:00.123456+07:00",
    "9999-12-31T23:59:59",
    "20261126_100000_123456",
    "1764151200000",
    "http://192.168.1.9/a.jpg",
    '[{"text": "กข 1234", "confidence": 97}]',
    '"[1, 2, {\\"a\\": NaN}]"',
    '{"a": [[[[',
    "[" * 2000,
    '{"data": {"data": {"data": {"data": {}}}}}',
)


def texts(max_size: int = 30) -> st.SearchStrategy[str]:
    """Texts of any characters, unpaired surrogates and controls among them, and odd ones."""
    return st.text(st.characters(), max_size=max_size) | st.sampled_from(ODD_TEXTS)


def numbers() -> st.SearchStrategy[int | float]:
    """Numbers of any size, NaN and Infinity among them."""
    return st.integers() | st.floats() | st.sampled_from(ODD_NUMBERS)


def nested(depth: int, by_list: bool) -> Any:
    """A value inside `depth` lists or objects."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if by_list else {"a": value}
    return value


def values(max_leaves: int = 12) -> st.SearchStrategy[Any]:
    """JSON values of any kind, deep and wide ones among them."""
    scalars = st.none() | st.booleans() | numbers() | texts()
    deep = st.builds(nested, st.integers(1, 200), st.booleans())
    wide = st.builds(lambda item, count: [item] * count, scalars, st.integers(400, 1000))
    small = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts(), inner, max_size=5),
        max_leaves=max_leaves,
    )
    return small | deep | wide


def objects(keys: tuple[str, ...], likely: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects with some of the fields `keys` of any value, others, and some of `likely` with usable values."""
    odd = st.dictionaries(st.sampled_from(keys) | texts(), values(), max_size=8)
    usable = st.fixed_dictionaries({}, optional=likely)
    return st.tuples(odd, usable, st.booleans()).map(lambda drawn: drawn[0] | drawn[1] if drawn[2] else drawn[0])


@st.composite
def pieces(draw: st.DrawFn, data: bytes, most: int = 8) -> list[bytes]:
    """`data` cut at any places into at most `most` + 1 pieces, empty ones among them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=most)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def depth_of(value: Any) -> int:
    """How many levels of lists and objects a value has."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, (list, tuple)) else 0


def assert_sentence(error: RequestError) -> None:
    """Check that a refusal has a text of reasonable length, and a body that can be sent."""
    assert error.message and len(error.message) < 3000
    assert 400 <= error.status < 500
    orjson.dumps(error.body())
