"""The engine "trocr": TrOCR in a child process, with the default engine as fallback."""

from __future__ import annotations

import threading

from agent_lib.ocr import ACCEPT, Digits, EngineSettings, make_reader
from agent_lib.ocr.trocr_process import TrOcrProcess
from agent_lib.runtime.arrays import Image

NAME, DEFAULT = "trocr", "auto"
READ_SECONDS = 5.0
"""The large model takes about this long on one core, and a capture's 30 s must allow several attempts."""
TOKENS = 8
"""A token has one or more digits; one further token starts the text and one ends it."""
UNCONFIRMED = 0.95
"""Upper bound of the confidence if the default engine reads something else: TrOCR's probabilities are not calibrated,
so another frame has to confirm the number.
"""


class TrOcrReader:
    """A thread-safe ocr.Reader. `ocr` has `model_id` and optionally `int8`.

    The default engine is the fallback while TrOCR loads, if it cannot be loaded, and if it takes longer than `seconds`.
    It also cross-checks: if both are certain and disagree, no number is reported. Raises OcrError if the default engine
    is unavailable.
    """

    def __init__(
        self,
        ocr: EngineSettings,
        target_digits: int,
        process: TrOcrProcess | None = None,
        seconds: float = READ_SECONDS,
    ) -> None:
        self._default = make_reader(ocr, target_digits, DEFAULT)
        self._digits, self._seconds = target_digits, seconds
        self._process = process or TrOcrProcess.shared(ocr.model_id, bool(getattr(ocr, "int8", False)))
        self._last = threading.local()

    @property
    def name(self) -> str:
        """The engine of this thread's last reading; before the first one, the engine that would be used now."""
        return getattr(self._last, "name", "") or (NAME if self._process.state == "ready" else self._default.name)

    def read(self, strip: Image) -> tuple[str, Digits]:
        """See ocr.Reader."""
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
            # Both are certain and disagree: trust neither.
            seen = Digits(seen.text, seen.confidence * (1.0 - other.confidence))
        elif other.text != seen.text:
            seen = Digits(seen.text, min(seen.confidence, UNCONFIRMED))
        text = seen.text
        whole = len(text) == self._digits and text.isascii() and text.isdigit()
        return (text if whole and seen.confidence >= ACCEPT else ""), seen


def wait_loaded(ocr: EngineSettings, seconds: float) -> str:
    """Wait until the model is loaded: "" if it is ready or not the configured engine, else the reason.

    For commands that have time, such as `agent.py read`; a capture never waits.
    """
    if ocr.engine != NAME:
        return ""
    process = TrOcrProcess.shared(ocr.model_id, bool(getattr(ocr, "int8", False)))
    if process.wait(seconds):
        return ""
    return process.reason or f"It is not loaded after {seconds:g} s."
