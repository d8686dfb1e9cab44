"""Vote over the readings of one capture: which number the label has, or none.

A wrong number is worse than none, so a number wins by its own weight minus the weight of its rivals. A reading's weight
is -log10(1 - confidence): 1 for 0.9, 2 for 0.99. Frames of a label that stands still share their errors (a strap, a
reflection), so each further frame with the same text adds only a part of its weight. Where no reading is sure enough,
the likely texts of all of them decide together (`joint`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from agent_lib.label.joint import JointReading
from agent_lib.label.reading import LabelReading
from agent_lib.ocr import ACCEPT, Texts

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
TOGETHER = 0.99
"""Probability with which the likely texts of all frames together decide when no more frames come."""
LEAST_FRAMES = 3
"""Frames that must list the number on which all decide together."""
LEAST_FOUND = 2
"""Pictures, the mean of the frames among them, in which a label must have been found by itself for that."""
MOST_KEPT = 3
"""Frames that are kept for such a decision."""
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

    def count(self, confidence: float, reading: LabelReading, frame: F, further: float = FURTHER) -> None:
        """Count a reading of this text; `further`: the share of its weight that it adds to that of others."""
        more = weight(confidence)
        self.against = max(self.against, more)
        if confidence < COUNTED:
            return
        self.weight = max(self.weight, more) + further * min(self.weight, more)
        self.frames += 1
        self.firm = self.firm or not reading.weak
        if confidence > self.confidence:
            self.confidence, self.best = confidence, (reading, frame)


class LabelVote(Generic[F]):
    """The vote of one capture. A `weak` reading (a label found with a low score) never decides alone."""

    def __init__(self, target_digits: int) -> None:
        self._digits = target_digits
        self._candidates: dict[str, _Candidate[F]] = {}
        self._mean: tuple[LabelReading, F] | None = None
        self._joint = JointReading()
        # By the likeliest text of readings, the one in which it is most probable.
        self._likeliest: dict[str, tuple[float, LabelReading, F]] = {}
        self._firm = False
        self._found, self._mean_found = 0, False
        self._mean_texts: Texts = ()
        self._beside: Sequence[Texts] = ()

    def add(self, reading: LabelReading, frame: F) -> Verdict[F] | None:
        """Count a reading; returns the verdict once there is one."""
        if reading.found and not self._joint.add(reading.alternatives):
            return self._decided()
        text, confidence = _text(reading)
        if self._is_number(text) and confidence >= RIVAL:
            self._candidates.setdefault(text, _Candidate()).count(confidence, reading, frame)
        if reading.found:
            self._firm = self._firm or not reading.weak
            self._found += 1
            self._note(reading, frame)
        return self._decided()

    def add_mean(self, reading: LabelReading | None, frame: F, beside: Sequence[Texts] = ()) -> Verdict[F] | None:
        """Count the reading of the mean of all frames so far, in place of the one before; None: there is none.

        It shares its frames with their own readings, so it adds no weight to theirs: the higher one counts. `beside`
        are the likely texts of frames in which no label was found, read where it is in the others.
        """
        self._mean, self._mean_found = None, False
        self._mean_texts, self._beside = (), beside
        if reading is not None and reading.found:
            self._mean_found = not reading.weak
            self._mean_texts = reading.alternatives
            self._note(reading, frame)
            text, confidence = _text(reading)
            self._mean = (reading, frame) if self._is_number(text) and confidence >= RIVAL else None
        return self._decided()

    def _decided(self) -> Verdict[F] | None:
        candidates = self._all()
        best = _best(candidates)
        if best is None or _lead(candidates, best) < weight(SURE) or not _trusted(candidates[best]):
            return None
        return _verdict(candidates, best)

    def conclude(self) -> Verdict[F] | None:
        """The verdict when no more frames come: a reported number suffices now, if no other text was read.

        What was read doubtfully in single frames does not stand against the number of their mean: they are part of it.
        """
        return self._concluded() or self._decided_jointly()

    def _concluded(self) -> Verdict[F] | None:
        candidates = self._all()
        best = _best(candidates)
        if best is None:
            return None
        one = candidates[best]
        if self._mean is not None and _text(self._mean[0])[0] == best:
            candidates = {text: other for text, other in candidates.items() if text == best or other.frames}
        enough = _lead(candidates, best) >= weight(ACCEPT) and one.confidence >= ACCEPT and _trusted(one)
        return _verdict(candidates, best) if enough and len(candidates) == 1 else None

    def _decided_jointly(self) -> Verdict[F] | None:
        """What the likely texts of all frames say together, if no frame alone says something else."""
        text, probability, frames = self._joint.likeliest(self._mean_texts, self._beside)
        if probability < TOGETHER or frames < LEAST_FRAMES or not self._is_number(text):
            return None
        if not self._firm or self._found + self._mean_found < LEAST_FOUND:
            return None
        if any(one.frames for other, one in self._all().items() if other != text):
            return None
        if text not in self._likeliest:
            return None
        _, reading, frame = self._likeliest[text]
        return Verdict(text, replace(reading, raw_text=text, confidence=min(HIGHEST, probability)), frame)

    def _note(self, reading: LabelReading, frame: F) -> None:
        """Keep the reading if it is the best of its text, for the few most probable ones: frames are large."""
        for text, probability in reading.alternatives[:1]:
            if probability > self._likeliest.get(text, (0.0,))[0]:
                self._likeliest[text] = (probability, reading, frame)
        if len(self._likeliest) > MOST_KEPT:
            del self._likeliest[min(self._likeliest, key=lambda text: self._likeliest[text][0])]

    def _all(self) -> dict[str, _Candidate[F]]:
        """The candidates, with the reading of the mean among them."""
        if self._mean is None:
            return self._candidates
        candidates = dict(self._candidates)
        reading, frame = self._mean
        text, confidence = _text(reading)
        candidates[text] = one = replace(candidates.get(text, _Candidate()))
        one.count(confidence, reading, frame, further=0.0)
        return candidates

    def _is_number(self, text: str) -> bool:
        return len(text) == self._digits and text.isascii() and text.isdigit()


def _text(reading: LabelReading) -> tuple[str, float]:
    return reading.number or reading.raw_text, min(HIGHEST, reading.confidence)


def _trusted(one: _Candidate[F]) -> bool:
    return one.firm or one.frames > 1


def _best(candidates: dict[str, _Candidate[F]]) -> str | None:
    counted = [text for text, one in candidates.items() if one.frames]
    return max(counted, key=lambda text: candidates[text].weight, default=None)


def _lead(candidates: dict[str, _Candidate[F]], best: str) -> float:
    rivals = [max(one.weight, one.against) for text, one in candidates.items() if text != best]
    return candidates[best].weight - AGAINST * max(rivals, default=0.0)


def _verdict(candidates: dict[str, _Candidate[F]], number: str) -> Verdict[F] | None:
    best = candidates[number].best
    return Verdict(number, *best) if best is not None else None


def weight(confidence: float) -> float:
    """Weight of a reading with this confidence: 1 for 0.9, 2 for 0.99."""
    return -math.log10(1 - min(HIGHEST, confidence))
