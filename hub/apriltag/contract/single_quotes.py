"""JSON written with single quotes, as some games send it (docs/wire/apriltag.md 2.2)."""

from __future__ import annotations

AFTER_STRING = frozenset(",:}]")


def single_to_double(text: str) -> str:
    """Rewrite single-quoted strings with double quotes: `{'name':'Bob's car'}` becomes `{"name":"Bob's car"}`.

    Strings in double quotes, and everything outside strings, stay as they are. Inside single quotes an apostrophe ends
    the string only where something that may follow a string does.
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
    """The position behind the double-quoted string that begins at `start`."""
    position = start + 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position + 1


def _rewrite(text: str, position: int, out: list[str]) -> int:
    """Append the single-quoted string whose content begins at `position` to `out`; return the position behind it."""
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
    """Whether a string may end before `position`."""
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position == len(text) or text[position] in AFTER_STRING
