"""The label reader of a station: loaded in the background at the start, shared by stations with the same settings."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from agent_lib.settings import OcrSettings

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 30.0


class LabelUnavailable(Exception):
    """The recogniser cannot be loaded; the text says why."""


class SharedLabelReader:
    """Loads its reader once, when first asked or by `load`; what is broken is tried again after half a minute."""

    def __init__(
        self, ocr: OcrSettings, target_digits: int, make: Callable[[OcrSettings, int], Any] | None = None
    ) -> None:
        self._ocr, self._digits = ocr, target_digits
        self._make = make or _make
        self._lock = threading.Lock()
        self._reader: Any = None
        self._failed_at, self._reason = 0.0, ""

    def load(self) -> Any:
        """The reader, loaded. Raises LabelUnavailable."""
        with self._lock:
            if self._reader is None:
                if self._reason and time.monotonic() - self._failed_at < _AGAIN_SECONDS:
                    raise LabelUnavailable(self._reason)
                try:
                    self._reader = self._make(self._ocr, self._digits)
                except Exception as error:  # third-party loaders raise anything
                    self._failed_at, self._reason = time.monotonic(), str(error).rstrip(".") or type(error).__name__
                    if not _says_what_to_do(error):
                        log.exception("The label reader (engine %s) cannot be loaded", self._ocr.engine)
                    raise LabelUnavailable(self._reason) from error
            return self._reader

    def read(self, image: Any) -> Any:
        """A LabelReading of a BGR frame. Raises LabelUnavailable, and what the reader raises for a bad frame."""
        return self.load().read(image)


def _says_what_to_do(error: Exception) -> bool:
    """Whether the error is a sentence for the operator, which needs no traceback beside it."""
    from agent_lib.label.code import LabelCodeError
    from agent_lib.ocr import OcrError

    return isinstance(error, (LabelCodeError, OcrError))


def _make(ocr: OcrSettings, digits: int) -> Any:
    from agent_lib.label.reader import LabelReader

    return LabelReader(ocr, target_digits=digits)
