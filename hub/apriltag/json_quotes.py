"""JSON written with single quotes, as some games send it (docs/wire/apriltag.md 2.2), rewritten with double ones."""

from __future__ import annotations

AFTER_A_TEXT = frozenset(",:}]")


def single_to_double(text: str) -> str:
    """`{'name':'Bob's car'}` as `{"name":"Bob's car"}`. Texts in double quotes, and what is outside of texts, stay as they are.

    Inside single quotes an apostrophe ends the text only where something that may follow a text does.
    """
    out: list[str] = []
    position, size = 0, len(text)
    while position < size:
        char = text[position]
        if char == '"':
            end = _end_of_double(text, position)
            out.append(text[position:end])
            position = end
        elif char == "'":
            position = _rewrite(text, position + 1, out)
        else:
            out.append(char)
            position += 1
    return "".join(out)


def _end_of_double(text: str, start: int) -> int:
    position = start + 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position + 1


def _rewrite(text: str, position: int, out: list[str]) -> int:
    """Copy the text that begins at `position`, inside its single quotes; where it goes on behind them."""
    out.append('"')
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            out.append("'" if text[position + 1] == "'" else text[position : position + 2])
            position += 2
            continue
        if char == "'" and _ends(text, position + 1):
            break
        out.append('\\"' if char == '"' else char)
        position += 1
    out.append('"')
    return position + 1


def _ends(text: str, position: int) -> bool:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position == len(text) or text[position] in AFTER_A_TEXT
