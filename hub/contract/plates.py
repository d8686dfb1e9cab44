"""Number plates as text: normalised for searching, folded for look-alikes (docs/wire/lpr.md 2)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Protocol

LOOK_ALIKES = str.maketrans("OIBSZ", "01852")

UNSURE_BELOW = 0.5
"""A plate of which the camera was less sure (0 to 1) is one for a person to look at."""


@dataclass(frozen=True)
class Plate:
    """A plate: text as read, normalised text for searching, confidence 0..1, bounding box as sent (pixels)."""

    text: str
    plate: str
    confidence: float | None = None
    box: list[float] | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the camera was sure of it; one that sends no confidence is."""
        return self.confidence is None or self.confidence >= UNSURE_BELOW


def normalise_plate(text: str) -> str:
    """Reduce a plate to capital letters, digits (of any script, as 0-9) and combining marks."""
    if text.isascii():
        text = text.upper()
        return text if text.isalnum() else "".join(filter(str.isalnum, text))
    kept = []
    for char in unicodedata.normalize("NFKC", text).upper():
        category = unicodedata.category(char)
        if category == "Nd":
            kept.append(str(unicodedata.decimal(char)))
        elif category[0] in "LMN":
            kept.append(char)
    return "".join(kept)


def fold_plate(plate: str) -> str:
    """Map look-alike characters of a normalised plate to one of each pair: O 0, I 1, B 8, S 5, Z 2."""
    return plate.translate(LOOK_ALIKES)


class PlateWatch(Protocol):
    """A list of plates that new detections are matched against."""

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        """The matching entries, in the form that is stored with the record."""

    def deny_count(self) -> int:
        """The number of entries with the action `deny`."""


class NoWatch:
    """A `PlateWatch` without entries, for a hub without a watchlist."""

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        return []

    def deny_count(self) -> int:
        return 0
