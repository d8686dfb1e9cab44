"""Base class of line recognisers that are one ONNX file: lean loading, a shared instance, decoding of the output."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from agent_lib.ocr import Digits, OcrError
from agent_lib.ocr.ctc import best_path, text_probability
from agent_lib.runtime.arrays import Array, Image
from agent_lib.runtime.network import Network

log = logging.getLogger(__name__)


class LineNetwork(Network, ABC):
    """A recogniser of one line of digits. Subclasses define `signs` (classes from 1 on), `remedy`, `probabilities`."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Its name inside a sentence for operators."""
    signs: ClassVar[str]
    remedy: ClassVar[str]
    """What to do if the file cannot be loaded, after a colon."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or self.default_path()
        try:
            super().__init__(self._path)
            self._load_metadata(self._session.get_modelmeta().custom_metadata_map)
        except OcrError:
            raise
        except Exception as error:  # onnxruntime's errors have no common base class
            raise OcrError(
                f"The file of {self.title} {self._path} cannot be loaded ({error}): {self.remedy}."
            ) from error
        self._input = self._session.get_inputs()[0].name
        log.info("OCR: %s is ready", self.title)

    @classmethod
    @abstractmethod
    def default_path(cls) -> Path:
        """The model file that is used by default. Raises OcrError if it is not installed."""

    def _load_metadata(self, metadata: dict[str, str]) -> None:
        """Read the file's metadata; any exception means that the file cannot be used."""

    @abstractmethod
    def probabilities(self, strip: Image) -> Array:
        """(T, 1 + number of signs) of the blank and each sign; one row per position along the strip, summing to 1."""

    def calibrated(self, probability: float) -> float:
        """Share of texts with this network probability that are right; `probability` itself where not measured."""
        return probability

    def read(self, strip: Image) -> Digits:
        """See ocr.Recogniser. An empty strip gives an empty text."""
        if strip.size == 0:
            return Digits("", 0.0)
        probabilities = self.probabilities(strip)
        classes = best_path(probabilities)
        if not classes:
            return Digits("", 0.0)
        return Digits(
            "".join(self.signs[c - 1] for c in classes), self.calibrated(text_probability(probabilities, classes))
        )
