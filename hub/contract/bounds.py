"""Values from outside, limited to what the hub can store, encode and show.

Every contract passes through here what a sender wrote: depth, integers, texts, lists, keys and the bytes of the whole
are bounded, NaN and Infinity become null. What is changed is named in the sender's warnings. A value that keeps all
limits, as nearly every one does, is only looked through once and returned as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from hub.contract.text import clean

MAX_DEPTH = 16  # levels of lists and objects
MAX_KEY = 200  # characters
MAX_TEXT = 4000  # characters of a text inside a list or object
MAX_ITEMS = 500  # of a list or object
INT_64 = 2**63
FIELD_TEXT = 20 * 1024  # characters of a text that is a field of its own
FIELD_BYTES = 32 * 1024  # of a list or object that is a field of its own, as JSON
ROW_BYTES = 64 * 1024  # what the fields of one stored record have together, besides its pictures
MAX_WARNINGS = 20  # about limits, of one record
MAX_PATH = 80
ITEM_BYTES = 4  # quotes, comma and colon of an item
WORD_BYTES = 2  # that null, true and false have more
NUMBER_BYTES = 24
BRACKET_BYTES = 2
MAX_ESCAPE = 6  # bytes that one character may take in JSON


@dataclass(frozen=True)
class Limits:
    """How much of a value is kept; `size` is in bytes of JSON, and the last key that is kept may exceed it."""

    depth: int = MAX_DEPTH
    key: int = MAX_KEY
    text: int = MAX_TEXT
    items: int = MAX_ITEMS
    size: int = FIELD_BYTES


FIELD = Limits()
MAX_EXCESS = MAX_ESCAPE * MAX_KEY + 100  # bytes by which a value may exceed `size`: its last key


def bounded(value: Any, name: str, warnings: list[str], limits: Limits = FIELD, size: int | None = None) -> Any:
    """`value` within `limits`: itself where it keeps them, else a copy. `name` is the field's, for the warnings.

    `size` replaces that of `limits`.
    """
    room = limits.size if size is None else size
    kind = type(value)
    if kind is dict or kind is list:
        weight = _weight(value, limits, limits.depth)
        if 0 <= weight * MAX_ESCAPE <= room or (weight >= 0 and len(orjson.dumps(value)) <= room):
            return value
    elif value is None or kind is bool or (kind is str and value.isascii() and len(value) * MAX_ESCAPE <= limits.text):
        return value
    return _Cutter(limits, room, warnings).cut(value, limits.depth, name)


def fits(value: dict[str, Any] | list[Any], limits: Limits = FIELD) -> bool:
    """Whether `bounded` would return a small value as it is."""
    return 0 <= _weight(value, limits, limits.depth) * MAX_ESCAPE <= limits.size


def plain_size(value: dict[str, Any] | list[Any]) -> int:
    """The bytes of JSON of a small value that keeps every limit; 0 where `bounded` has to look through it.

    The encoder reads a value far faster than a loop does, and refuses what is no JSON.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        return 0
    size = len(text)
    if size > MAX_TEXT or text.count(b"[") + text.count(b"{") > MAX_DEPTH or b"null" in text:  # null for nan, too
        return 0
    return size if size <= MAX_KEY or (text.count(b",") < MAX_ITEMS and not _may_have_long_key(text)) else 0


def _may_have_long_key(text: bytes) -> bool:
    """Whether a key in the encoder's text may have more than MAX_KEY characters."""
    return b"\\" in text or any(len(part) - part.rfind(b'"') > MAX_KEY + 1 for part in text.split(b'":'))


def is_small(text: str) -> bool:
    """Whether what the strict parser makes of this JSON text keeps every limit; cheaper than looking through it."""
    size = len(text)
    if size > MAX_TEXT or text.count("[") + text.count("{") > MAX_DEPTH:
        return False
    return size < 2 * MAX_ITEMS or text.count(",") < MAX_ITEMS


def bounded_record(
    data: dict[str, Any],
    warnings: list[str],
    pictures: frozenset[str] = frozenset(),
    later: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """A sender's object with every field bounded: itself where all are, else a copy.

    Texts and bytes in `pictures` have a limit of their own, and fields in `later` are bounded where they are read.
    """
    changed: dict[str, Any] = {}
    for key, value in data.items():
        kind = type(value)
        if kind is str:
            if len(value) > FIELD_TEXT and key not in pictures and key not in later:
                changed[key] = value[:FIELD_TEXT]  # what reads the field cuts it further, and warns
        elif kind is int:
            if not -INT_64 <= value < INT_64:
                changed[key] = bounded(value, _shown(key), warnings)
        elif kind is float:
            if value - value:  # nan for nan and inf, else 0
                changed[key] = bounded(value, _shown(key), warnings)
        elif value is None or kind is bool or key in later:
            continue
        elif kind is bytes or kind is bytearray:
            if key not in pictures:
                changed[key] = value[:MAX_TEXT]
        elif (kept := bounded(value, _shown(key), warnings)) is not value:
            changed[key] = kept
    return {**data, **changed} if changed else data


def _weight(value: Any, limits: Limits, depth: int) -> int:
    """Characters of JSON, roughly, of a list or object; -1 where it does not keep the limits. This is a hot path."""
    if depth <= 0 or len(value) > limits.items:
        return -1
    weight = ITEM_BYTES * (len(value) + 1)
    if type(value) is dict:
        for key in value:
            if type(key) is not str or len(key) > limits.key or not (key.isascii() or _is_unicode(key)):
                return -1
            weight += len(key)
        value = value.values()
    for item in value:
        kind = type(item)
        if kind is str:
            if len(item) > limits.text or not (item.isascii() or _is_unicode(item)):
                return -1
            weight += len(item)
        elif kind is float:
            if item - item:  # nan for nan and inf, else 0
                return -1
            weight += 3  # with MAX_ESCAPE and ITEM_BYTES more than any number has
        elif kind is int:
            if not -INT_64 <= item < INT_64:
                return -1
            weight += 3
        elif kind is dict or kind is list:
            inner = _weight(item, limits, depth - 1)
            if inner < 0 or weight > limits.size:
                return -1
            weight += inner
        elif item is not None and kind is not bool:
            return -1
    return weight


def _is_unicode(text: str) -> bool:
    """Whether a text has no unpaired surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Cutter:
    """Copies a value within its limits, and notes what it changes."""

    def __init__(self, limits: Limits, room: int, warnings: list[str]) -> None:
        self._limits, self._room, self._warnings = limits, room, warnings
        self._noted: set[str] = set()

    def cut(self, value: Any, depth: int, path: str) -> Any:
        """`value` with at most `depth` levels, within the room that is left."""
        if value is None or isinstance(value, bool):
            self._room -= WORD_BYTES
            return value
        if isinstance(value, (int, float)):
            return self._number(value, path)
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, (dict, list, tuple)):
            if depth <= 0:
                self._note(path, f"is nested deeper than {self._limits.depth} levels; what is deeper was left out")
                return None
            return self._object(value, depth, path) if isinstance(value, dict) else self._list(value, depth, path)
        self._note(path, "is no JSON value and was left out")
        return None

    def _number(self, value: float, path: str) -> float | None:
        self._room -= NUMBER_BYTES
        if isinstance(value, int):
            if -INT_64 <= value < INT_64:
                return value
            self._note(path, "is a number beyond 64 bits; it was kept as far as it can be")
            return float(value) if abs(value) < 10**300 else None
        if math.isfinite(value):
            return value
        self._note(path, "is NaN or Infinity and was taken as null")
        return None

    def _text(self, value: str, path: str) -> str:
        text = value[: self._limits.text]
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        size = len(orjson.dumps(text))
        if size > self._room:
            text = text[: max(self._room, 0) // MAX_ESCAPE]
            size = MAX_ESCAPE * len(text)
        if len(text) < len(value):
            self._note(path, f"was cut to {len(text)} characters")
        self._room -= size
        return text

    def _object(self, value: dict[Any, Any], depth: int, path: str) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        self._room -= BRACKET_BYTES
        for key, item in value.items():
            if len(kept) >= self._limits.items or self._room <= 0:
                self._note(path, f"was cut to its first {len(kept)} fields")
                break
            text = str(key)[: self._limits.key]
            if not text.isascii():
                text = text.encode("utf-8", "replace").decode()
            self._room -= ITEM_BYTES - 2 + len(orjson.dumps(text))
            kept[text] = self.cut(item, depth - 1, f"{path}.{_shown(text)}"[:MAX_PATH] if path else _shown(text))
        return kept

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int, path: str) -> list[Any]:
        kept: list[Any] = []
        self._room -= BRACKET_BYTES
        for item in value:
            if len(kept) >= self._limits.items or self._room <= 0:
                self._note(path, f"was cut to its first {len(kept)}")
                break
            self._room -= ITEM_BYTES
            kept.append(self.cut(item, depth - 1, path))
        return kept

    def _note(self, path: str, what: str) -> None:
        """Warn of a change, once for each place and kind; a list has one place."""
        reason = f"{path} {what.partition(' to ')[0]}"
        if reason not in self._noted and len(self._noted) < MAX_WARNINGS:
            self._noted.add(reason)
            self._warnings.append(f"{path} {what}")


def _shown(key: object) -> str:
    """A key as warnings name it."""
    return clean(str(key)[:MAX_PATH])
