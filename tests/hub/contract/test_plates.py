"""Number plates as text."""

from __future__ import annotations

import pytest

from hub.contract.plates import fold_plate, normalise_plate


@pytest.mark.parametrize(
    ("text", "plain"),
    [("กข 1234", "กข1234"), ("ab-12.3", "AB123"), ("۱۲ب۳۴۵", "12ب345"), ("ＡＢ１", "AB1"), (" - ", "")],
)
def test_plates_are_normalised(text: str, plain: str) -> None:
    assert normalise_plate(text) == plain


def test_look_alikes() -> None:
    assert fold_plate("O0I1B8S5Z2") == "0011885522"
