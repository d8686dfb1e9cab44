"""JSON written with single quotes, as some games send it (docs/wire/apriltag.md 2.2)."""

from __future__ import annotations

import re

# A string in double quotes, or one in single quotes: an apostrophe ends that only where something that may follow a
# string does. The possessive quantifiers keep the work linear, also where the end of a string is missing.
STRINGS = re.compile(
    r""""(?:[^"\\]++|\\.)*+"?"""
    r"""|'(?P<single>(?:[^'\\]++|\\.|\\\Z|'(?![ \t\r\n]*+(?:[,:}\]]|\Z)))*+)'?""",
    re.DOTALL,
)
ESCAPES = re.compile(r"""\\(.)|["]""", re.DOTALL)


def single_to_double(text: str) -> str:
    """Rewrite single-quoted strings with double quotes: `{'name':'Bob's car'}` becomes `{"name":"Bob's car"}`.

    Strings in double quotes, and everything outside strings, stay as they are.
    """
    return STRINGS.sub(_rewritten, text)


def _rewritten(found: re.Match[str]) -> str:
    content = found["single"]
    if content is None:
        return found[0]
    if '"' in content or "\\" in content:
        content = ESCAPES.sub(_escaped, content)
    return f'"{content}"'


def _escaped(found: re.Match[str]) -> str:
    """A character of a single-quoted string as a double-quoted one has it."""
    if found[0] == '"':
        return '\\"'
    return "'" if found[1] == "'" else found[0]
