"""Which known name gives way to a new one."""

from __future__ import annotations

import pytest

from hub.access.name_register import NameRegister


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def names(clock: list[float]) -> NameRegister:
    return NameRegister(4, 2, now=lambda: clock[0])


def introduce(names: NameRegister, name: str, sender: str, rank: int = 0) -> list[str] | None:
    gone = names.make_room(sender)
    if gone is not None:
        names.add(name, sender, rank)
    return gone


def test_the_one_silent_longest_that_never_delivered_gives_way_first(names: NameRegister) -> None:
    for name in ("delivers", "quiet", "living", "other"):
        assert introduce(names, name, name) == []
    names.seen("delivers", 1)
    names.seen("living")
    assert introduce(names, "new", "a") == ["quiet"]
    assert introduce(names, "newer", "b") == ["other"]
    assert len(names) == 4


def test_those_that_delivered_give_way_only_when_all_have(names: NameRegister) -> None:
    for name in ("a", "b", "c", "d"):
        introduce(names, name, name, 1)
    names.seen("a")
    assert introduce(names, "e", "e") == ["b"]
    assert introduce(names, "f", "f") == ["e"]


def test_one_address_displaces_few_of_others_and_then_its_own(names: NameRegister, clock: list[float]) -> None:
    for name in ("a", "b", "c", "d"):
        introduce(names, name, name)
    assert [introduce(names, f"invented {number}", "x") for number in range(4)] == [
        ["a"],
        ["b"],
        ["invented 0"],
        ["invented 1"],
    ]
    names.seen("c"), names.seen("d")
    assert introduce(names, "real", "y") == ["invented 2"]
    clock[0] += 60
    names.seen("invented 3"), names.seen("real")
    assert introduce(names, "invented 4", "x") == ["c"]


def test_protected_names_never_give_way(names: NameRegister) -> None:
    for name in ("a", "b", "c", "d"):
        introduce(names, name, name)
        names.protect(name)
    assert introduce(names, "e", "e") is None
    assert names.status() == {"known": 4, "most": 4, "gave_way": 0, "refused": 1}
    names.remove("a")
    assert introduce(names, "e", "e") == []


def test_what_is_loaded_is_trimmed_in_the_same_order(names: NameRegister) -> None:
    for number in range(10):
        names.add(str(number), "", 1 if number < 3 else 0)
    assert names.trim() == ["3", "4", "5", "6", "7", "8"]
    assert len(names) == 4 and names.trim() == []
