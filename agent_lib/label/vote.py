"""Vote over the readings of one capture: which number the label has, or none.

A wrong number is worse than none, so a number wins by its own weight minus the weight of its rivals. A reading's weight
is -log10(1 - confidence): 1 for 0.9, 2 for 0.99. Frames of a label that stands still share their errors (a strap, a
reflection), so each further frame with the same text adds only a part of its weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent_lib.label.reading import LabelReading
from agent_lib.ocr import ACCEPT

SURE = 0.98
"""Confidence that decides a capture: of one reading, or of several with the same total weight."""
COUNTED = 0.7
"""Minimum confidence of a reading that counts for its number."""
RIVAL = 0.3
"""Minimum confidence of a reading that counts against every other number."""
FURTHER = 0.6
"""Share of its weight that each further frame adds to a text."""
AGAINST = 1.5
"""Factor of a text's weight against the others: disagreeing frames are a warning."""
HIGHEST = 0.99999

F = TypeVar("F")


@dataclass(frozen=True)
class Verdict(Generic[F]):
    """The decision: the number, and its most confident reading with the frame it was read from."""

    number: str
    reading: LabelReading
    frame: F


@dataclass
class _Candidate(Generic[F]):
    """One text so far: its weight, its number of frames, whether one was not weak, and its most confident reading."""

    weight: float = 0.0
    against: float = 0.0
    frames: int = 0
    firm: bool = False
    confidence: float = 0.0
    best: tuple[LabelReading, F] | None = None


class LabelVote(Generic[F]):
    """The vote of one capture. A `weak` reading (a label found with a low score) never decides alone."""

    def __init__(self, target_digits: int) -> None:
        self._digits = target_digits
        self._candidates: dict[str, _Candidate[F]] = {}

    def add(self, reading: LabelReading, frame: F) -> Verdict[F] | None:
        """Count a reading; returns the verdict once there is one."""
        text = reading.number or reading.raw_text
        confidence = min(HIGHEST, reading.confidence)
        if self._is_number(text) and confidence >= RIVAL:
            self._count(text, confidence, reading, frame)
        best = self._best()
        if best is None:
            return None
        one = self._candidates[best]
        return self._verdict(best) if self._lead(best) >= weight(SURE) and (one.firm or one.frames > 1) else None

    def conclude(self) -> Verdict[F] | None:
        """The verdict when no more frames come: a reported number suffices now, if no other text was read."""
        best = self._best()
        if best is None:
            return None
        one = self._candidates[best]
        enough = self._lead(best) >= weight(ACCEPT) and one.confidence >= ACCEPT and (one.firm or one.frames > 1)
        return self._verdict(best) if enough and len(self._candidates) == 1 else None

    def _is_number(self, text: str) -> bool:
        return len(text) == self._digits and text.isascii() and text.isdigit()

    def _count(self, text: str, confidence: float, reading: LabelReading, frame: F) -> None:
        one = self._candidates.setdefault(text, _Candidate())
        one.against = max(one.against, weight(confidence))
        if confidence < COUNTED:
            return
        weak = reading.weak
        one.weight = max(one.weight, weight(confidence)) + FURTHER * min(one.weight, weight(confidence))
        one.frames += 1
        one.firm = one.firm or not weak
        if confidence > one.confidence:
            one.confidence, one.best = confidence, (reading, frame)

    def _best(self) -> str | None:
        counted = [text for text, one in self._candidates.items() if one.frames]
        return max(counted, key=lambda text: self._candidates[text].weight, default=None)

    def _lead(self, best: str) -> float:
        rivals = [max(one.weight, one.against) for text, one in self._candidates.items() if text != best]
        return self._candidates[best].weight - AGAINST * max(rivals, default=0.0)

    def _verdict(self, number: str) -> Verdict[F] | None:
        best = self._candidates[number].best
        return Verdict(number, *best) if best is not None else None


def weight(confidence: float) -> float:
    """Weight of a reading with this confidence: 1 for 0.9, 2 for 0.99."""
    return -math.log10(1 - min(HIGHEST, confidence))
