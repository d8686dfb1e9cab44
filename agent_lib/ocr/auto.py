"""The engine "auto": the project's own network, cross-checked by PP-OCR's recogniser where it is not quite sure.

Both have learnt from other pictures and fail on others. PP-OCR takes ten times as long, so it is asked only where its
word can change anything: where the network is sure beyond doubt, or sees no number at all, it is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent_lib.ocr import ACCEPT, Digits, NumberReader, Recogniser
from agent_lib.ocr.crnn import Crnn
from agent_lib.ocr.ctc import best_path, text_probability
from agent_lib.ocr.ppocr import PpOcr

DOUBTLESS = 0.975
"""The network's calibrated confidence from which PP-OCR is not asked: of 1,800 held-out strips read with as much none
was wrong, and PP-OCR's few objections were.
"""
HOPELESS = 0.2
"""Below this no agreement would make the reading one to be reported."""
SURELY = 0.95
"""PP-OCR's agreement counts from this probability of its text on: below, two guesses are often the same wrong one."""
AGREED = 0.25
"""Where PP-OCR surely reads the same, this share of the network's doubt is left."""
NO_OPINION = 0.5
"""PP-OCR's reading of another number counts as an objection from this probability on; below, it just does not help."""
UNCHECKED = 0.95
"""Without PP-OCR's sure agreement the network must be this sure for a number to be reported."""
OVERRULED = 0.5
"""Confidence of a reading that PP-OCR objects to."""


class Auto:
    """The two recognisers as one. Any thread may use it."""

    name = "auto"

    def __init__(self, first: Recogniser, second: PpOcr) -> None:
        self._first, self._second = first, second

    def read(self, strip: np.ndarray) -> Digits:
        """See ocr.Recogniser: the network's text, its confidence raised or lowered by what PP-OCR says of the same
        strip.
        """
        seen = self._first.read(strip)
        if not seen.text.isdigit() or not HOPELESS <= seen.confidence < DOUBTLESS:
            return seen
        return Digits(seen.text, self._checked(seen, strip))

    def _checked(self, seen: Digits, strip: np.ndarray) -> float:
        chances = self._second.probabilities(strip)
        classes = best_path(chances)
        probability = text_probability(chances, classes) if classes else 0.0
        same = "".join(str(c - 1) for c in classes) == seen.text
        if same and probability >= SURELY:
            return 1.0 - AGREED * (1.0 - seen.confidence)
        if not same and len(classes) == len(seen.text) and probability >= NO_OPINION:
            return min(seen.confidence, OVERRULED)
        return seen.confidence if seen.confidence >= UNCHECKED else min(seen.confidence, ACCEPT - 0.01)


def reader(_ocr: Any, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(Auto(Crnn.shared(), PpOcr.shared()), target_digits)
