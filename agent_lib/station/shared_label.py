"""The label reader of a station: loaded in the background at start-up, shared by stations with the same settings."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from agent_lib.label.reading import FrameReader, LabelReading
from agent_lib.runtime.arrays import Image
from agent_lib.settings import OcrSettings

log = logging.getLogger(__name__)

_RETRY_SECONDS = 30.0


class LabelUnavailable(Exception):
    """The label reader cannot be loaded; the message says why."""


class SharedLabelReader:
    """Loads its reader once, on first use or by `load`; a failed load is retried after half a minute."""

    def __init__(
        self,
        ocr: OcrSettings,
        target_digits: int,
        make: Callable[[OcrSettings, int], FrameReader] | None = None,
    ) -> None:
        self._ocr, self._digits = ocr, target_digits
        self._make = make or _make
        self._lock = threading.Lock()
        self._reader: FrameReader | None = None
        self._failed_at, self._reason = 0.0, ""

    def load(self) -> FrameReader:
        """The loaded reader. Raises LabelUnavailable."""
        with self._lock:
            if self._reader is None:
                if self._reason and time.monotonic() - self._failed_at < _RETRY_SECONDS:
                    raise LabelUnavailable(self._reason)
                try:
                    self._reader = self._make(self._ocr, self._digits)
                except Exception as error:  # third-party loaders raise anything
                    self._failed_at = time.monotonic()
                    self._reason = str(error).rstrip(".") or type(error).__name__
                    if not _is_operator_message(error):
                        log.exception("The label reader (engine %s) cannot be loaded", self._ocr.engine)
                    raise LabelUnavailable(self._reason) from error
            return self._reader

    def read(self, image: Image) -> LabelReading:
        """Read a BGR frame. Raises LabelUnavailable, and whatever the reader raises for a bad frame."""
        return self.load().read(image)

    def read_at(self, image: Image, place: LabelReading) -> LabelReading:
        """Read a BGR or grey picture where another one shows the label. Raises what `read` does."""
        return self.load().read_at(image, place)


def _is_operator_message(error: Exception) -> bool:
    """Whether the error's message is a sentence for the operator, which needs no traceback."""
    from agent_lib.label.code import LabelCodeError
    from agent_lib.ocr import OcrError

    return isinstance(error, (LabelCodeError, OcrError))


def _make(ocr: OcrSettings, digits: int) -> FrameReader:
    from agent_lib.label.reader import LabelReader

    return LabelReader(ocr, target_digits=digits)
