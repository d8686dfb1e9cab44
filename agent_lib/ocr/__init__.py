"""OCR engines: from a strip that contains the label's digits to a number, or nothing.

Each engine is one module of this package with one entry in ENGINES; nothing else needs to know about it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agent_lib.runtime.arrays import Image

# Below this confidence a number is not reported: a wrong number is worse than none.
ACCEPT = 0.9

Texts = tuple[tuple[str, float], ...]
"""Texts that one strip may show, each with the engine's probability, the likeliest first."""


class OcrError(RuntimeError):
    """An engine is unavailable; the message says why and what to do."""


@dataclass(frozen=True)
class Digits:
    """The output of an engine: `text` as read (any length), and how certain that exact text is, 0..1.

    `alternatives`: the likeliest texts with the engine's own probability of each, where it has such.
    """

    text: str
    confidence: float
    alternatives: Texts = ()


class EngineSettings(Protocol):
    """The settings that choose and configure an engine: `agent_lib.settings.OcrSettings`."""

    @property
    def engine(self) -> str: ...

    @property
    def model_id(self) -> str: ...

    @property
    def int8(self) -> bool: ...


class Recogniser(Protocol):
    """An engine. `read` may be called from several threads at once."""

    @property
    def name(self) -> str: ...

    def read(self, strip: Image) -> Digits:
        """Read one line of dark digits on a light background: (height, width, 3) BGR uint8."""


class Reader(Protocol):
    """An engine with the rules of what is reported. `read` may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The engine's name, as stated in a reading."""

    def read(self, strip: Image) -> tuple[str, Digits]:
        """The number ("" if none can be reported) and the engine's output."""


@dataclass(frozen=True)
class NumberReader:
    """A Reader: reports a text that has the right number of digits and enough confidence."""

    engine: Recogniser
    target_digits: int
    accept: float = ACCEPT

    @property
    def name(self) -> str:
        """See Reader."""
        return self.engine.name

    def read(self, strip: Image) -> tuple[str, Digits]:
        """See Reader."""
        digits = self.engine.read(strip)
        text = digits.text
        ok = len(text) == self.target_digits and text.isascii() and text.isdigit()
        return (text if ok and digits.confidence >= self.accept else ""), digits


# By name: the engine's module in this package, and the function or class there that creates a reader from (settings,
# number of digits). Modules are imported on demand, so that no other model or library is loaded.
ENGINES: dict[str, tuple[str, str]] = {
    "auto": ("auto", "reader"),
    "crnn": ("crnn", "reader"),
    "ppocr": ("ppocr", "reader"),
    "trocr": ("trocr", "TrOcrReader"),
}


def make_reader(ocr_settings: EngineSettings, target_digits: int, engine: str | None = None) -> Reader:
    """The reader of `engine`, by default the one that `ocr_settings` names. Raises OcrError if it is unavailable."""
    name = str(engine or getattr(ocr_settings, "engine", "auto")).strip().lower()
    if name not in ENGINES:
        known = ", ".join(f'"{engine}"' for engine in ENGINES)
        raise OcrError(f'There is no OCR engine "{name}": set ocr.engine to one of {known}.')
    if not 1 <= target_digits <= 20:
        raise OcrError(f"A number of {target_digits} digits cannot be read: set capture.target_digits to 1..20.")
    module, maker = ENGINES[name]
    make: Callable[[EngineSettings, int], Reader] = getattr(importlib.import_module(f"agent_lib.ocr.{module}"), maker)
    return make(ocr_settings, target_digits)
