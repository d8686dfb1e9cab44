"""The engine "crnn": a small convolutional-recurrent network trained on rendered digits
(tools/train_label_reader.py).

The model file contains its calibration, which maps the network's probability of a text to the share of such readings
that are right.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from agent_lib.ocr import Digits, EngineSettings, NumberReader
from agent_lib.ocr.ctc import best_path, likely_texts, text_probability, texts_probabilities
from agent_lib.ocr.network import LineNetwork
from agent_lib.runtime.arrays import Array, Image

MODEL = Path(__file__).resolve().parents[1] / "data" / "label_reader.onnx"
HEIGHT, WIDTH = 32, 128
CLASSES = 12
SIGNS = "0123456789?"
"""Classes from 1 on; the last is an unreadable character: a text that contains it is never reported."""
FAINTEST = 4.0
"""Added to a strip's standard deviation, in grey levels, so that noise of an empty strip is not amplified."""
SUREST = 0.99999
DOUBTLESS = 0.98
"""Probability of a first reading from which its strip is read once only."""
HOPELESS = 0.002
"""Probability of a first reading below which no variant of its strip would be read."""
VARIANTS = ((1.2, 0.0, 1.06, 0.96), (-1.2, 0.0, 0.95, 1.05))
"""How a doubtful strip is moved (x, y in pixels of the input) and scaled (x, y) to be read again."""


MOST_TEXTS = 8
"""Texts of a doubtful strip that are told with their probabilities."""


class Crnn(LineNetwork):
    """The recogniser; an unreadable character is a "?" in its text. Stateless between calls and thread-safe."""

    name = "crnn"
    title = "the label reader's own network"
    signs = SIGNS
    remedy = "fetch it again, or make it with tools/train_label_reader.py"

    @classmethod
    def default_path(cls) -> Path:
        """See LineNetwork."""
        return MODEL

    def _load_metadata(self, metadata: dict[str, str]) -> None:
        found = json.loads(metadata["calibration"])
        self._slope, self._offset = float(found["slope"]), float(found["offset"])

    def probabilities(self, strip: Image) -> Array:
        """(32, 12) of the blank, 0..9 and the unreadable character, one row per position along the strip."""
        first: Array = self._all_probabilities(tensor(strip))[0]
        return first

    def read(self, strip: Image) -> Digits:
        """See ocr.Recogniser. A doubtful strip is read again moved and scaled a little: the text that all readings
        together find most probable counts, with its mean probability.
        """
        if strip.size == 0:
            return Digits("", 0.0)
        line = tensor(strip)
        rows = self._all_probabilities(line)
        classes = best_path(rows[0])
        if not classes:
            return Digits("", 0.0)
        chances = [(tuple(classes), text_probability(rows[0], classes))]
        if HOPELESS <= chances[0][1] < DOUBTLESS:
            chances = _together(np.concatenate([rows, self._all_probabilities(varied(line))]))
        read = tuple(("".join(self.signs[c - 1] for c in text), chance) for text, chance in chances)
        return Digits(read[0][0], self.calibrated(read[0][1]), read)

    def _all_probabilities(self, lines: Array) -> Array:
        """`probabilities` of several inputs: (N, 1, 32, 128) -> (N, 32, 12)."""
        logits = self._session.run(None, {self._input: lines})[0].astype(np.float64)
        powers = np.exp(logits - logits.max(axis=2, keepdims=True))
        normalised: Array = powers / powers.sum(axis=2, keepdims=True)
        return normalised

    def calibrated(self, probability: float) -> float:
        """Share of texts with this probability that are right (Platt scaling, measured on held-out renders)."""
        return calibrated(probability, self._slope, self._offset)


def reader(_ocr: EngineSettings, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(Crnn.shared(), target_digits)


def calibrated(probability: float, slope: float, offset: float) -> float:
    """The logistic of `slope` times the log odds of `probability` plus `offset`, and never quite 1."""
    return float(min(SUREST, 1.0 / (1.0 + np.exp(-(slope * log_odds(probability) + offset)))))


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 - p), with p kept off its ends."""
    p = min(max(probability, 1e-7), 1 - 1e-7)
    return float(np.log(p / (1 - p)))


def varied(line: Array) -> Array:
    """An input (1, 1, 32, 128) in all VARIANTS: (N, 1, 32, 128)."""
    found = np.empty((len(VARIANTS), 1, HEIGHT, WIDTH), np.float32)
    for place, (x, y, wide, tall) in enumerate(VARIANTS):
        matrix = np.array(
            [(wide, 0.0, x + (1 - wide) * (WIDTH - 1) / 2), (0.0, tall, y + (1 - tall) * (HEIGHT - 1) / 2)]
        )
        found[place, 0] = cv2.warpAffine(line[0, 0], matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return found


def _together(rows: Array) -> list[tuple[tuple[int, ...], float]]:
    """The likeliest texts of several readings (N, 32, 12) with their mean probability, the likeliest first."""
    texts = {text for text in map(tuple, map(best_path, rows)) if text}
    texts.update(likely_texts(rows[0], MOST_TEXTS))
    ordered = sorted(texts)
    chances = texts_probabilities(rows, ordered).mean(axis=0)
    order = np.argsort(-chances, kind="stable")[:MOST_TEXTS]
    return [(ordered[i], float(chances[i])) for i in order]


def tensor(strip: Image) -> Array:
    """The strip (BGR or grey uint8) as the network's input: (1, 1, 32, 128) float32, mean 0, about unit contrast."""
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY) if strip.ndim == 3 else strip
    shrink = cv2.INTER_AREA if grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH else cv2.INTER_CUBIC
    line = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=shrink).astype(np.float32)
    normalised: Array = (line - line.mean()) / (line.std() + FAINTEST)
    return normalised[None, None]
