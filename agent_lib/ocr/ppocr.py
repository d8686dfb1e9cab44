"""The engine "ppocr": PP-OCR's line recogniser from the rapidocr package, restricted to digits.

Only the model file is used: the package's own pipeline would also load a detector and a classifier. Works offline.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import cv2
import numpy as np

from agent_lib.ocr import EngineSettings, NumberReader, OcrError
from agent_lib.ocr.network import LineNetwork
from agent_lib.runtime.arrays import Array, Image

HEIGHT = 48
# Lines are padded to this: the model was trained on long lines and reads short ones worse.
WIDTH = 160
WIDEST = 480
GREY = 127.5


class PpOcr(LineNetwork):
    """The recogniser (about 0.3 s to load, 75 MB). Thread-safe: a lock limits memory to that of one run."""

    name = "ppocr"
    title = "PP-OCR's recogniser"
    signs = "0123456789"
    remedy = "install requirements.txt again"

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        super().__init__(path)

    @classmethod
    def default_path(cls) -> Path:
        """See LineNetwork."""
        return model_path()

    def _load_metadata(self, metadata: dict[str, str]) -> None:
        self._columns = digit_columns(metadata.get("character", ""), self._path)

    def probabilities(self, strip: Image) -> Array:
        """(T, 11) of the classes blank, 0..9, each row normalised to 1 without the model's other characters."""
        with self._lock:
            rows = self._session.run(None, {self._input: _tensor(strip)})[0][0]
        digits = rows[:, self._columns].astype(np.float64)
        normalised: Array = digits / np.maximum(digits.sum(axis=1, keepdims=True), 1e-12)
        return normalised


def reader(_ocr: EngineSettings, target_digits: int) -> NumberReader:
    """See ocr.ENGINES."""
    return NumberReader(PpOcr.shared(), target_digits)


def model_path() -> Path:
    """The recogniser's file in the rapidocr package. Raises OcrError if it is not installed."""
    spec = importlib.util.find_spec("rapidocr")
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        files = sorted(Path(place, "models").glob("*rec*.onnx"))
        if files:
            return files[0]
    raise OcrError("The package rapidocr with its models is not installed: install requirements.txt again.")


def digit_columns(characters: str, path: Path) -> list[int]:
    """Columns of blank, 0..9 in the output: the model's list of characters starts after the blank."""
    signs = characters.splitlines()
    try:
        return [0] + [signs.index(str(digit)) + 1 for digit in range(10)]
    except ValueError as error:
        raise OcrError(f"The recogniser {path} does not list the digits: install requirements.txt again.") from error


def _tensor(strip: Image) -> Array:
    """The strip at the model's height, padded on both sides, as (1, 3, 48, width) float32 -1..1."""
    height, width = strip.shape[:2]
    width = min(WIDEST, max(8, round(width * HEIGHT / height)))
    shrink = cv2.INTER_AREA if height > HEIGHT else cv2.INTER_CUBIC
    line = cv2.resize(strip, (width, HEIGHT), interpolation=shrink)
    missing = max(0, WIDTH - width)
    line = cv2.copyMakeBorder(line, 0, 0, missing // 2, missing - missing // 2, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray((line.astype(np.float32) / GREY - 1.0).transpose(2, 0, 1)[None])
