"""The engine "auto": the project's own network, cross-checked by PP-OCR's recogniser in doubtful cases.

The two were trained on different pictures and fail on different ones. PP-OCR takes ten times as long, so it only runs
if its result can change anything: not if the network is certain or reads no number at all.
"""

from __future__ import annotations

from dataclasses import replace

from agent_lib.ocr import Digits, EngineSettings, NumberReader, Recogniser, Texts
from agent_lib.ocr.crnn import Crnn
from agent_lib.ocr.ctc import best_path, text_probability
from agent_lib.ocr.ppocr import PpOcr
from agent_lib.runtime.arrays import Image

DOUBTLESS = 0.93
"""Calibrated confidence of the network from which PP-OCR is skipped: of 2,694 rendered strips by night that it read
with that much 3 were wrong, and PP-OCR contradicted 16 right ones.
"""
HOPELESS = 0.5
"""Below this confidence even agreement would not make the number reportable, nor count for much in a vote."""
SURELY = 0.995
"""Minimum probability of PP-OCR's text for its agreement to count: below, two guesses are more often equally wrong. Of
389 strips by night that the network read with a confidence of 0.715 to 0.93 and PP-OCR with this one 1 was wrong, of
297 with 0.95 to this one two were.
"""
AGREED = 0.35
"""Share of the network's doubt that remains if PP-OCR agrees."""
NO_OPINION = 0.8
"""Minimum probability of PP-OCR's text to count as a contradiction; below, it is ignored: by night its less probable
texts contradicted right readings as often as wrong ones.
"""
OVERRULED = 0.5
"""Confidence of a reading that PP-OCR contradicts, and what PP-OCR's text counts among the likely ones."""


class Auto:
    """The two recognisers combined. Thread-safe."""

    name = "auto"

    def __init__(self, first: Recogniser, second: PpOcr) -> None:
        self._first, self._second = first, second

    def read(self, strip: Image) -> Digits:
        """See ocr.Recogniser: the network's text, with a confidence adjusted by PP-OCR's output for the strip."""
        seen = self._first.read(strip)
        if not seen.text.isdigit() or not HOPELESS <= seen.confidence < DOUBTLESS:
            return seen
        return self._checked(seen, strip)

    def _checked(self, seen: Digits, strip: Image) -> Digits:
        chances = self._second.probabilities(strip)
        classes = best_path(chances)
        probability = text_probability(chances, classes) if classes else 0.0
        text = "".join(str(c - 1) for c in classes)
        if text == seen.text and probability >= SURELY:
            return replace(seen, confidence=1.0 - AGREED * (1.0 - seen.confidence))
        if text != seen.text and len(text) == len(seen.text) and probability >= NO_OPINION:
            return Digits(seen.text, min(seen.confidence, OVERRULED), _both(seen.alternatives, text))
        return seen


def _both(texts: Texts, other: str) -> Texts:
    """The network's likely texts and PP-OCR's one, each recogniser for one half."""
    halves = {text: (1.0 - OVERRULED) * probability for text, probability in texts}
    halves[other] = halves.get(other, 0.0) + OVERRULED
    return tuple(sorted(halves.items(), key=lambda item: -item[1]))


def reader(_ocr: EngineSettings, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(Auto(Crnn.shared(), PpOcr.shared()), target_digits)
