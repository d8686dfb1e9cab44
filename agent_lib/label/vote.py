"""The readings of one capture vote: which number the label has, or none.

A wrong number is worse than none, so a number wins by what speaks for it less what speaks for any other. A reading's
weight is -log10(1 - confidence): 1 for 0.9, 2 for 0.99. Frames of a label that stands still share their faults (a
strap, a reflection), so each further frame with the same text adds only a part of its weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agent_lib.ocr import ACCEPT

SURE = 0.98
"""A reading of this confidence ends a capture by itself, and so does what several weigh together as much."""
COUNTED = 0.7
"""A reading under this speaks for nothing."""
RIVAL = 0.3
"""A reading of this much speaks against every other number."""
FURTHER = 0.6
"""Share of its weight that each further frame adds to a text."""
AGAINST = 1.5
"""How much more than for itself a text weighs against the others: frames that disagree are a warning."""
HIGHEST = 0.99999


@dataclass(frozen=True)
class Verdict:
    """What was decided: the number, and the surest reading of it with the frame it was read in."""

    number: str
    reading: Any
    frame: Any


@dataclass
class _Candidate:
    """One text so far: its weight, the frames that had it, whether any was found surely, and the surest reading."""

    weight: float = 0.0
    against: float = 0.0
    frames: int = 0
    firm: bool = False
    confidence: float = 0.0
    reading: Any = None
    frame: Any = None


class LabelVote:
    """Votes of one capture. A reading marked `weak` (a label found with a poor score) never decides alone: it needs a
    second frame that agrees.
    """

    def __init__(self, target_digits: int) -> None:
        self._digits = target_digits
        self._candidates: dict[str, _Candidate] = {}

    def add(self, reading: Any, frame: Any = None) -> Verdict | None:
        """Count a LabelReading; the verdict, once there is one."""
        text = reading.number or reading.raw_text
        # A reader that gives no confidence reports only what it is sure of.
        confidence = min(HIGHEST, reading.confidence)
        if self._is_number(text) and confidence >= RIVAL:
            self._count(text, confidence, reading, frame)
        best = self._best()
        if best is None:
            return None
        one = self._candidates[best]
        return self._verdict(best) if self._lead(best) >= weight(SURE) and (one.firm or one.frames > 1) else None

    def conclude(self) -> Verdict | None:
        """The verdict when no more frames come: a number that was reported is good enough now, if no other was seen."""
        best = self._best()
        if best is None:
            return None
        one = self._candidates[best]
        enough = self._lead(best) >= weight(ACCEPT) and one.confidence >= ACCEPT and (one.firm or one.frames > 1)
        return self._verdict(best) if enough and len(self._candidates) == 1 else None

    def _is_number(self, text: str) -> bool:
        return len(text) == self._digits and text.isascii() and text.isdigit()

    def _count(self, text: str, confidence: float, reading: Any, frame: Any) -> None:
        one = self._candidates.setdefault(text, _Candidate())
        one.against = max(one.against, weight(confidence))
        if confidence < COUNTED:
            return
        weak = reading.weak
        one.weight = max(one.weight, weight(confidence)) + FURTHER * min(one.weight, weight(confidence))
        one.frames += 1
        one.firm = one.firm or not weak
        if confidence > one.confidence:
            one.confidence, one.reading, one.frame = confidence, reading, frame

    def _best(self) -> str | None:
        counted = [text for text, one in self._candidates.items() if one.frames]
        return max(counted, key=lambda text: self._candidates[text].weight, default=None)

    def _lead(self, best: str) -> float:
        rivals = [max(one.weight, one.against) for text, one in self._candidates.items() if text != best]
        return self._candidates[best].weight - AGAINST * max(rivals, default=0.0)

    def _verdict(self, number: str) -> Verdict:
        one = self._candidates[number]
        return Verdict(number, one.reading, one.frame)


def weight(confidence: float) -> float:
    """What a reading of this confidence weighs: 1 for 0.9, 2 for 0.99."""
    return -math.log10(1 - min(HIGHEST, confidence))
