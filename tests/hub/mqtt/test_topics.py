"""Topics of names that devices choose: valid, bounded, and never the same for two names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt.topics import MAX_LEVEL, Topics, level, plain

NAMES = st.text(max_size=200)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gate-1", "gate-1"),
        ("ประตู 1", "ประตู 1"),
        ("north/a", r"north_a-[0-9a-f]{12}"),
        ("a+b", r"a_b-[0-9a-f]{12}"),
        ("#", r"_-[0-9a-f]{12}"),
        ("", r"_-[0-9a-f]{12}"),
        ("a\x00b", r"a_b-[0-9a-f]{12}"),
        ("x" * 500, r"x{64}-[0-9a-f]{12}"),
    ],
)
def test_a_name_as_a_level(name, expected) -> None:
    assert re.fullmatch(expected, level(name))


def test_a_name_that_looks_like_a_changed_one_is_changed_itself() -> None:
    assert level(level("north/a")) != level("north/a")


@given(NAMES)
def test_every_level_is_one_level_without_wildcards(name: str) -> None:
    made = level(name)
    assert made and not re.search(r"[+#/\x00-\x1f\x7f-\x9f]", made)
    assert len(made) <= MAX_LEVEL + 13
    made.encode("utf-8")
    assert Topics("gatehouse").record("captures", name).count("/") == 2


@given(NAMES)
def test_every_id_is_plain(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,77}", plain(name))


@given(NAMES, NAMES)
def test_two_names_have_two_topics(one: str, other: str) -> None:
    assert (level(one) == level(other)) == (one == other)
    assert (plain(one) == plain(other)) == (one == other)
