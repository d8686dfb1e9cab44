"""PP-OCR's line recogniser, as the rapidocr package carries it, held to digits.

Only the model file is taken from the package: its own pipeline would load a detector, a
classifier and their images for nothing. Works offline.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from agent_lib.ocr import NumberReader, OcrError
from agent_lib.ocr.network import LineNetwork

HEIGHT = 48
# Lines are padded to this: the model was trained on long lines and reads short ones worse.
WIDTH = 160
WIDEST = 480
GREY = 127.5


class PpOcr(LineNetwork):
    """The recogniser (about 0.3 s to load, 75 MB). One instance serves all threads: a lock keeps one run's memory, not
    many.
    """

    name = "ppocr"
    title = "PP-OCR's recogniser"
    signs = "0123456789"
    remedy = "install requirements.txt again"

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or model_path()
        self._lock = threading.Lock()
        super().__init__(self._path)

    def _adopt(self, metadata: dict[str, str]) -> None:
        self._columns = digit_columns(metadata.get("character", ""), self._path)

    def probabilities(self, strip: np.ndarray) -> np.ndarray:
        """(T, 11) of the classes blank, 0..9, each row made to sum to 1: other signs are left out."""
        with self._lock:
            rows = self._session.run(None, {self._input: _tensor(strip)})[0][0]
        kept = rows[:, self._columns].astype(np.float64)
        return kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-12)


def reader(_ocr: Any, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(PpOcr.shared(), target_digits)


def model_path() -> Path:
    """The recogniser's file in the rapidocr package. Raises OcrError where it is not installed."""
    spec = importlib.util.find_spec("rapidocr")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        files = sorted(Path(place, "models").glob("*rec*.onnx"))
        if files:
            return files[0]
    raise OcrError("The package rapidocr with its models is not installed: install requirements.txt again.")


def digit_columns(characters: str, path: Path) -> list[int]:
    """Columns of blank, 0..9 in the output: the model's own list of signs begins after the blank."""
    signs = characters.splitlines()
    try:
        return [0] + [signs.index(str(digit)) + 1 for digit in range(10)]
    except ValueError as error:
        raise OcrError(f"The recogniser {path} does not list the digits: install requirements.txt again.") from error


def _tensor(strip: np.ndarray) -> np.ndarray:
    """The strip at the model's height, padded on both sides, as (1, 3, 48, width) float32 -1..1."""
    height, width = strip.shape[:2]
    width = min(WIDEST, max(8, round(width * HEIGHT / height)))
    shrink = cv2.INTER_AREA if height > HEIGHT else cv2.INTER_CUBIC
    line = cv2.resize(strip, (width, HEIGHT), interpolation=shrink)
    missing = max(0, WIDTH - width)
    line = cv2.copyMakeBorder(line, 0, 0, missing // 2, missing - missing // 2, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray((line.astype(np.float32) / GREY - 1.0).transpose(2, 0, 1)[None])
