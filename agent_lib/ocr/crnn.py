"""The project's own reader: a small convolutional-recurrent network trained on rendered digits
(tools/train_label_reader.py).

The file brings its calibration along: what the network thinks of its text is turned into the share of such readings
that are right.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agent_lib.ocr import NumberReader
from agent_lib.ocr.network import LineNetwork

MODEL = Path(__file__).resolve().parents[1] / "data" / "label_reader.onnx"
HEIGHT, WIDTH = 32, 128
CLASSES = 12
SIGNS = "0123456789?"
"""Class 1 and on; the last is a sign that is there and cannot be read, so that no number with it is ever reported."""
FAINTEST = 4.0
"""Added to a strip's standard deviation, in grey levels: an empty strip's noise is not stretched into shapes."""
SUREST = 0.99999


class Crnn(LineNetwork):
    """The recogniser; a sign that cannot be read is a "?" in its text. Keeps no state between calls: any thread may use
    it.
    """

    name = "crnn"
    title = "the label reader's own network"
    signs = SIGNS
    remedy = "fetch it again, or make it with tools/train_label_reader.py"

    def __init__(self, path: Path = MODEL) -> None:
        super().__init__(path)

    def _adopt(self, metadata: dict[str, str]) -> None:
        found = json.loads(metadata["calibration"])
        self._slope, self._offset = float(found["slope"]), float(found["offset"])

    def probabilities(self, strip: np.ndarray) -> np.ndarray:
        """(32, 12) of the blank, 0..9 and the unreadable sign, one row per place along the strip."""
        logits = self._session.run(None, {self._input: tensor(strip)})[0][0].astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def calibrated(self, probability: float) -> float:
        """How often a text to which the network gives this probability is right (Platt scaling, measured on held-out
        renders).
        """
        return calibrated(probability, self._slope, self._offset)


def reader(_ocr: Any, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(Crnn.shared(), target_digits)


def calibrated(probability: float, slope: float, offset: float) -> float:
    """The logistic of `slope` times the log odds of `probability` plus `offset`, and never quite 1."""
    return float(min(SUREST, 1.0 / (1.0 + np.exp(-(slope * log_odds(probability) + offset)))))


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 - p), with p kept off its ends."""
    p = min(max(probability, 1e-7), 1 - 1e-7)
    return float(np.log(p / (1 - p)))


def tensor(strip: np.ndarray) -> np.ndarray:
    """The strip (BGR or grey uint8) as the network takes it: (1, 1, 32, 128) float32, mean 0, about unit contrast."""
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY) if strip.ndim == 3 else strip
    shrink = cv2.INTER_AREA if grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH else cv2.INTER_CUBIC
    line = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=shrink).astype(np.float32)
    return ((line - line.mean()) / (line.std() + FAINTEST))[None, None]
