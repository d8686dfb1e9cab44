"""What the line recognisers that are one ONNX file have in common: loading it lean, one instance for all, text from its
output.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import onnxruntime

from agent_lib.ocr import Digits, OcrError
from agent_lib.ocr.ctc import best_path, text_probability

log = logging.getLogger(__name__)


class LineNetwork(ABC):
    """A recogniser of one line of digits. A kind gives its `signs` (class 1 and on), `remedy`, and `probabilities`."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What people call it, inside a sentence."""
    signs: ClassVar[str]
    remedy: ClassVar[str]
    """What to do when the file cannot be loaded, after a colon."""

    _instances: ClassVar[dict[type, Any]] = {}
    _making = threading.Lock()

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The arena keeps every buffer it ever needed; without it a run costs the same.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            self._adopt(self._session.get_modelmeta().custom_metadata_map)
        except OcrError:
            raise
        except Exception as error:  # onnxruntime's errors have no common base class
            raise OcrError(f"The file of {self.title} {path} cannot be loaded ({error}): {self.remedy}.") from error
        self._input = self._session.get_inputs()[0].name

    def _adopt(self, metadata: dict[str, str]) -> None:  # noqa: B027  optional: not every model carries metadata
        """Take what the file says of itself; any exception means that the file cannot be used."""

    @classmethod
    def shared(cls) -> Self:
        """The process's one instance, loaded on the first call."""
        with cls._making:
            if cls not in cls._instances:
                cls._instances[cls] = cls()  # type: ignore[call-arg]
                log.info("OCR: %s is ready", cls.title)
            return cls._instances[cls]

    @abstractmethod
    def probabilities(self, strip: np.ndarray) -> np.ndarray:
        """(T, 1 + number of signs) of the blank and each sign, one row per place along the strip, each summing to 1."""

    def calibrated(self, probability: float) -> float:
        """Share of texts with this network probability that are right; `probability` itself where not measured."""
        return probability

    def read(self, strip: np.ndarray) -> Digits:
        """See ocr.Recogniser. An empty strip reads as nothing."""
        if strip.size == 0:
            return Digits("", 0.0)
        probabilities = self.probabilities(strip)
        classes = best_path(probabilities)
        if not classes:
            return Digits("", 0.0)
        return Digits(
            "".join(self.signs[c - 1] for c in classes), self.calibrated(text_probability(probabilities, classes))
        )
