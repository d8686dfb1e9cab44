"""How alike plates are, and where they differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.visits.plates import alike, differences

TEXT = st.text("AB01OI58SBกข", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("AB1234", "AB1234", True),
        ("AB1234", "A8I234", True),
        ("AB1234", "AC1234", True),
        ("AB1234", "AB123", True),
        ("AB1234", "AB12934", True),
        ("AB1234", "XB1234", True),
        ("AB1234", "AB1235", True),
        ("AB1234", "AB1243", False),
        ("AB1234", "CD1234", False),
        ("AB1234", "AB12", False),
        ("A1", "A2", False),
        ("", "", False),
        ("", "A", False),
    ],
)
def test_one_character_and_look_alikes(one: str, other: str, expected: bool) -> None:
    assert alike(one, other) is alike(other, one) is expected


def test_differences_name_the_place_and_both_characters() -> None:
    assert differences("A81234", "AB1235") == [
        {"position": 1, "read": "8", "registered": "B"},
        {"position": 5, "read": "4", "registered": "5"},
    ]
    assert differences("AB124", "AB1234") == [{"position": 4, "read": "", "registered": "3"}]
    assert differences("AB12934", "AB1234") == [{"position": 4, "read": "9", "registered": ""}]


@given(TEXT, st.integers(0, 8), st.sampled_from("AB01"), st.sampled_from(["other", "more", "fewer"]))
def test_one_changed_character_is_alike_and_told(plate: str, place: int, char: str, change: str) -> None:
    plate = (plate + "7777")[:9]
    place %= len(plate)
    read = {
        "other": plate[:place] + char + plate[place + 1 :],
        "more": plate[:place] + char + plate[place:],
        "fewer": plate[:place] + plate[place + 1 :],
    }[change]
    assert alike(read, plate)
    assert (read == plate) == (differences(read, plate) == [])
