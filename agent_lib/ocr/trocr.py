"""The engine "trocr": TrOCR in a child process, with the default engine as fallback."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np

from agent_lib.ocr import ACCEPT, Digits, make_reader
from agent_lib.ocr.trocr_process import TrOcrProcess

NAME, DEFAULT = "trocr", "auto"
READ_SECONDS = 5.0
"""The large model takes about this long on one core, and a capture's 30 s are to hold several attempts."""
TOKENS = 8
"""A token holds one digit or more; one more begins the text and one ends it."""
UNCONFIRMED = 0.95
"""TrOCR's own certainty says how sure it is, not how often it is right: it is surest of texts it has learnt. What the
default engine does not read too may be reported, but is left to be confirmed by another frame.
"""


class TrOcrReader:
    """A reader like `ocr.NumberReader`; any thread may use it. `ocr` has `model_id` and, where it is asked for, `int8`.

    The default engine reads what TrOCR does not: while it loads, for good when it cannot be loaded, and when it takes
    longer than `seconds`. It also reads along: where both are sure and disagree, no number is reported. Raises OcrError
    where the default engine cannot be had.
    """

    def __init__(
        self, ocr: Any, target_digits: int, process: TrOcrProcess | None = None, seconds: float = READ_SECONDS
    ) -> None:
        self._default = make_reader(_with_default_engine(ocr), target_digits)
        self._digits, self._seconds = target_digits, seconds
        self._process = process or TrOcrProcess.shared(ocr.model_id, bool(getattr(ocr, "int8", False)))
        self._last = threading.local()

    @property
    def name(self) -> str:
        """The engine behind this thread's last reading; before the first one the engine that would read now."""
        return getattr(self._last, "name", "") or (NAME if self._process.state == "ready" else self._default.name)

    def read(self, strip: np.ndarray) -> tuple[str, Digits]:
        """The number ("" where none can be reported) and what was seen."""
        seen = (
            self._process.read(strip, max(TOKENS, self._digits + 3), self._seconds)
            if strip.size and strip.ndim == 3
            else None
        )
        other_number, other = self._default.read(strip)
        if seen is None:
            self._last.name = self._default.name
            return other_number, other
        self._last.name = NAME
        if other_number and other_number != seen.text:
            # Two that are sure and disagree: neither is worth its word.
            seen = Digits(seen.text, seen.confidence * (1.0 - other.confidence))
        elif other.text != seen.text:
            seen = Digits(seen.text, min(seen.confidence, UNCONFIRMED))
        text = seen.text
        whole = len(text) == self._digits and text.isascii() and text.isdigit()
        return (text if whole and seen.confidence >= ACCEPT else ""), seen


def wait_loaded(ocr: Any, seconds: float) -> str:
    """Wait for the model that these settings name, where one does: "" when it is ready (or none is asked for), else the
    reason.

    For programs that have time, such as `agent.py read`; a capture never waits.
    """
    if ocr.engine != NAME:
        return ""
    process = TrOcrProcess.shared(ocr.model_id, bool(getattr(ocr, "int8", False)))
    if process.wait(seconds):
        return ""
    return process.reason or f"It is not loaded after {seconds:g} s."


def _with_default_engine(ocr: Any) -> Any:
    if hasattr(ocr, "model_copy"):
        return ocr.model_copy(update={"engine": DEFAULT})
    return SimpleNamespace(**{**vars(ocr), "engine": DEFAULT})
