"""Number plates as text: normalised for searching, folded for look-alikes (docs/wire/lpr.md 2)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Protocol

LOOK_ALIKES = str.maketrans("OIBSZ", "01852")


@dataclass(frozen=True)
class Plate:
    """One plate: text as read, normalised text for searching, confidence 0..1, box as the sender gave it (pixels)."""

    text: str
    plate: str
    confidence: float | None = None
    box: list[float] | None = None


def normalise_plate(text: str) -> str:
    """Capital letters, digits (of any script, as 0-9) and combining marks; everything else is left out."""
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
    """A normalised plate with characters that cameras confuse made the same: O 0, I 1, B 8, S 5, Z 2."""
    return plate.translate(LOOK_ALIKES)


class PlateWatch(Protocol):
    """Whoever knows which plates are watched for."""

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        """The entries that these plates match, as they are stored with the record."""

    def deny_count(self) -> int:
        """How many plates are to be stopped."""


class NoWatch:
    """The `PlateWatch` of a hub without a watchlist."""

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        return []

    def deny_count(self) -> int:
        return 0
