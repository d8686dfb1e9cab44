"""The cross-check of the two recognisers: when the second is asked, and what its word does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agent_lib.ocr import Digits, NumberReader, make_reader
from agent_lib.ocr.auto import Auto
from agent_lib.simulator.scene_text import LOOKS, put_text

STRIP = np.zeros((48, 160, 3), np.uint8)


class First:
    """A network whose answer is known."""

    name = "crnn"

    def __init__(self, text: str, confidence: float, *texts: tuple[str, float]) -> None:
        self._digits = Digits(text, confidence, texts)

    def read(self, _strip):
        return self._digits


class Second:
    """A recogniser that spells a text, each sign with the same probability; counts how often it is asked."""

    def __init__(self, text: str, each: float) -> None:
        self._text, self._each, self.asked = text, each, 0

    def probabilities(self, _strip):
        self.asked += 1
        rows = np.full((2 * len(self._text) + 1, 11), (1 - self._each) / 10)
        for index in range(len(rows)):
            rows[index, int(self._text[index // 2]) + 1 if index % 2 else 0] = self._each
        return rows


def checked(first: tuple[str, float], second: tuple[str, float]) -> tuple[str, float, int]:
    """The number that is reported, its confidence, and how often the second was asked."""
    other = Second(*second)
    number, digits = NumberReader(Auto(First(*first), other), 5).read(STRIP)
    assert digits.text == first[0]
    return number, digits.confidence, other.asked


def test_agreement_raises():
    number, confidence, _ = checked(("01001", 0.8), ("01001", 0.9999))
    assert number == "01001"
    assert confidence > 0.9
    assert checked(("01001", 0.8), ("01001", 0.999))[0] == "", "a second that guesses the same proves little"


def test_disagreement_drops_below_what_is_reported():
    for confidence in (0.9, 0.91, 0.929):
        number, after, asked = checked(("01001", confidence), ("07001", 0.999))
        assert (number, asked) == ("", 1)
        assert after < 0.9


def test_a_contradiction_leaves_the_networks_likely_texts_beside_the_other_one():
    first = First("01001", 0.9, ("01001", 0.7), ("07001", 0.2), ("01007", 0.1))
    texts = dict(Auto(first, Second("07001", 0.999)).read(STRIP).alternatives)
    assert texts == {"01001": pytest.approx(0.35), "07001": pytest.approx(0.6), "01007": pytest.approx(0.05)}
    assert Auto(first, Second("01001", 0.999)).read(STRIP).alternatives == first.read(STRIP).alternatives


def test_without_agreement_the_network_alone_decides():
    assert checked(("01001", 0.89), ("", 0.0))[0] == ""
    assert checked(("01001", 0.91), ("", 0.0))[0] == "01001"
    assert checked(("01001", 0.91), ("07001", 0.9))[0] == "01001", "a second that is not sure itself does not object"


@pytest.mark.parametrize("first", [("01001", 0.9999), ("01001", 0.97), ("01?01", 0.95), ("", 0.0), ("01001", 0.05)])
def test_the_second_is_not_asked_where_it_can_change_nothing(first):
    number, confidence, asked = checked(first, ("07001", 0.999))
    assert asked == 0
    assert confidence == first[1]
    assert number == ("01001" if first[1] > 0.96 else "")


@pytest.mark.parametrize("look", range(len(LOOKS)))
def test_printed_digits_are_read_by_both(look):
    strip = np.full((64, 240, 3), 225, np.uint8)
    put_text(strip, "84150", (120, 32), 40, (25, 25, 25), look)
    for engine in ("auto", "crnn", "ppocr"):
        reader = make_reader(SimpleNamespace(engine=engine), 5)
        assert reader.name == engine
        assert reader.read(strip)[0] == "84150", engine


def test_an_empty_strip_is_nothing():
    assert make_reader(SimpleNamespace(engine="auto"), 5).read(np.zeros((0, 0, 3), np.uint8)) == ("", Digits("", 0.0))
