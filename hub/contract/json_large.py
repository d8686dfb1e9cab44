"""JSON with large texts in it (pictures as base64), decoded without handing the large texts to the JSON parser.

The parser holds the GIL while it works: 16 MB of base64 take it some 50 ms, 1 MB of `[],[],...` 60 ms. So texts of
64 KB and more are cut out first (finding a quote is one fast search), what is left is bounded in bytes and in its
number of values, and only that is parsed.
"""

from __future__ import annotations

import os
from typing import Any, AnyStr

from hub.contract.json_parser import parse

LARGE_TEXT = 64 * 1024
MAX_REST_BYTES = 2 * 1024 * 1024  # everything but the large texts
MAX_VALUES = 50_000  # 50,000 objects take the parser 20 ms
MAX_QUOTES = 2 * MAX_VALUES
MAX_LARGE_TEXTS = 1000
MAX_PICTURE_DEPTH = 32  # deeper ones are not restored; no contract reads that deep
UNDECODABLE = "[" * 1100  # the parser takes 1,024 levels
MARK_BYTES = 8  # random, of the marks in one text: no sender can write a mark and have its large text many times


class TooMuchJson(ValueError):
    """The text is over a limit; the message is a sentence."""


class TooDeepJson(TooMuchJson):
    """No parser decodes it: its lists are nested too deeply."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON text of any size. Raises TooMuchJson, orjson.JSONDecodeError.

    Of 64 KB and more it may take some milliseconds for each MB: call it on a native thread then.
    """
    if len(text) < LARGE_TEXT:
        return parse(text)
    mark = f"large text {os.urandom(MARK_BYTES).hex()} "
    rest, large = _cut_str(text, mark) if isinstance(text, str) else _cut_bytes(text, mark)
    if len(rest) > MAX_REST_BYTES:
        raise TooMuchJson(
            f"The JSON has more than {MAX_REST_BYTES // 1024 // 1024} MB besides its pictures; "
            "send less in one message."
        )
    if _values(rest) > MAX_VALUES:
        if (UNDECODABLE in rest) if isinstance(rest, str) else (UNDECODABLE.encode() in rest):
            raise TooDeepJson("The JSON cannot be read: its lists are nested too deeply.")
        raise TooMuchJson(f"The JSON has more than {MAX_VALUES} values; send less in one message.")
    value = parse(rest)
    return _restored(value, mark, large) if large else value


def _values(text: str | bytes) -> int:
    """An upper bound of the number of values, by counting what separates and opens them."""
    if isinstance(text, str):
        return text.count(",") + text.count("[") + text.count("{")
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _cut_str(text: str, mark: str) -> tuple[str, list[Any]]:
    spans = _large_texts(text, '"', "\\")
    parts: list[str] = []
    copied = 0
    for number, (start, end) in enumerate(spans):
        parts += (text[copied:start], f'"{mark}{number}"')
        copied = end + 1
    return "".join((*parts, text[copied:])) if spans else text, [text[start + 1 : end] for start, end in spans]


def _cut_bytes(text: bytes, mark: str) -> tuple[bytes, list[Any]]:
    spans = _large_texts(text, b'"', b"\\")
    parts: list[bytes] = []
    copied = 0
    for number, (start, end) in enumerate(spans):
        parts += (text[copied:start], f'"{mark}{number}"'.encode())
        copied = end + 1
    return b"".join((*parts, text[copied:])) if spans else text, [text[start + 1 : end] for start, end in spans]


def _large_texts(text: AnyStr, quote: AnyStr, escape: AnyStr) -> list[tuple[int, int]]:
    """Where texts of more than LARGE_TEXT without escapes begin and end: the places of their quotes."""
    found: list[tuple[int, int]] = []
    quotes = 0
    start = text.find(quote)
    while start >= 0:
        end = text.find(quote, start + 1)
        while end >= 0 and _is_escaped(text, start, end, escape):
            quotes += 1
            if quotes > MAX_QUOTES:
                raise TooMuchJson(f"The JSON has more than {MAX_QUOTES} quotes; send less in one message.")
            end = text.find(quote, end + 1)
        if end < 0:
            break
        quotes += 2
        if quotes > MAX_QUOTES:
            raise TooMuchJson(f"The JSON has more than {MAX_QUOTES} quotes; send less in one message.")
        if end - start > LARGE_TEXT and text.find(escape, start, end) < 0:
            if len(found) >= MAX_LARGE_TEXTS:
                raise TooMuchJson(f"The JSON has more than {MAX_LARGE_TEXTS} large texts; send less in one message.")
            found.append((start, end))
        start = text.find(quote, end + 1)
    return found


def _is_escaped(text: AnyStr, start: int, end: int, escape: AnyStr) -> bool:
    """Whether an odd number of backslashes stands before the quote at `end` of the text that begins at `start`."""
    window = 16
    while True:
        before = text[max(start + 1, end - window) : end]
        slashes = len(before) - len(before.rstrip(escape))
        if slashes < len(before) or len(before) < window:
            return slashes % 2 == 1
        window *= 4


def _restored(value: Any, mark: str, large: list[Any], depth: int = MAX_PICTURE_DEPTH) -> Any:
    """The value with its large texts in their places.

    They were not parsed, so control characters in them are not refused; no picture has any.
    """
    if isinstance(value, str):
        return _large_text(value, mark, large) if value.startswith(mark) else value
    if depth <= 0:
        return value
    if isinstance(value, dict):
        return {_restored(key, mark, large): _restored(one, mark, large, depth - 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_restored(one, mark, large, depth - 1) for one in value]
    return value


def _large_text(marked: str, mark: str, large: list[Any]) -> str:
    """The large text that a marked one stands for."""
    text = large[int(marked[len(mark) :])]
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
