"""Recognisers: a strip with the label's digits in, a number or nothing out.

One engine is one module of this package. It is entered in ENGINES; nothing else needs to know of it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

# Below this a number is not reported: a wrong number is worse than none.
ACCEPT = 0.9


class OcrError(RuntimeError):
    """An engine cannot be had; the text says why and what to do."""


@dataclass(frozen=True)
class Digits:
    """What an engine saw: `text` is its best reading as it stands (any length), `confidence`
    (0..1) is how sure it is that this text and no other is printed there."""

    text: str
    confidence: float


class Recogniser(Protocol):
    """An engine. `read` may be called from several threads at once."""

    name: str

    def read(self, strip: np.ndarray) -> Digits:
        """Read one line of dark digits on a light ground: (height, width, 3) BGR uint8."""


class Reader(Protocol):
    """What a station reads with: an engine and the rules of what is reported. `read` may be called from several threads
    at once.
    """

    @property
    def name(self) -> str:
        """The engine's name, as a reading tells it."""

    def read(self, strip: np.ndarray) -> tuple[str, Digits]:
        """The number ("" where none can be reported) and what the engine saw."""


@dataclass(frozen=True)
class NumberReader:
    """An engine held to the station's rules: so many digits, and sure of them."""

    engine: Recogniser
    target_digits: int
    accept: float = ACCEPT

    @property
    def name(self) -> str:
        return self.engine.name

    def read(self, strip: np.ndarray) -> tuple[str, Digits]:
        """The number ("" where none can be reported) and what the engine saw."""
        digits = self.engine.read(strip)
        text = digits.text
        ok = len(text) == self.target_digits and text.isascii() and text.isdigit()
        return (text if ok and digits.confidence >= self.accept else ""), digits


# By name: the module of this package and what makes its reader of (settings, digits of a number). A module is imported
# only when its engine is chosen, so that no other model and no other library is loaded.
ENGINES: dict[str, tuple[str, str]] = {
    "auto": ("auto", "reader"),
    "crnn": ("crnn", "reader"),
    "ppocr": ("ppocr", "reader"),
    "trocr": ("trocr", "TrOcrReader"),
}


def make_reader(ocr_settings: Any, target_digits: int) -> Reader:
    """The reader that `ocr_settings.engine` names. Raises OcrError where it cannot be had."""
    name = str(getattr(ocr_settings, "engine", "auto")).strip().lower()
    if name not in ENGINES:
        known = ", ".join(f'"{engine}"' for engine in ENGINES)
        raise OcrError(f'There is no OCR engine "{name}": set ocr.engine to one of {known}.')
    if not 1 <= target_digits <= 20:
        raise OcrError(f"A number of {target_digits} digits cannot be read: set capture.target_digits to 1..20.")
    module, maker = ENGINES[name]
    return getattr(importlib.import_module(f"agent_lib.ocr.{module}"), maker)(ocr_settings, target_digits)
