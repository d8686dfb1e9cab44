"""Regular expressions out of the settings, limited to those that cannot take long on any line.

Python's `re` backtracks, and holds the GIL while it does: a pattern such as `(\\d+)+x` on a line of 40 digits would
stop the whole hub, on whatever thread it runs. So the number of ways in which a pattern can match is bounded before it
is used: what repeats is a single character, and a repeat counts as one way where the character that must follow it
cannot belong to it.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any

MAX_LINE = 256
MAX_PATTERN = 1000
MAX_WAYS = 1000
CHARACTERS = frozenset(range(256))  # lines are Latin-1

_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")
_CLASSES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}

Ways = tuple[int, frozenset[int]]  # in how many ways the rest can match, and the characters it may begin with


def compile_line_pattern(text: str) -> re.Pattern[str]:
    """The pattern, which has to match a whole line of at most MAX_LINE characters of Latin-1.

    Raises ValueError with a sentence for the operator.
    """
    if len(text) > MAX_PATTERN:
        raise ValueError(f"has more than {MAX_PATTERN} characters")
    try:
        pattern = re.compile(text, re.ASCII)
        parsed = _parser.parse(text, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression ({error})") from error
    ways, _ = _sequence(list(parsed), (1, frozenset()))
    if ways > MAX_WAYS:
        raise ValueError(
            "could take too long on some lines; write what can only match in one way, such as [^,]*, in place of .*, "
            r"or \d{1,8} in place of \d+"
        )
    return pattern


def _sequence(items: list[Any], follow: Ways) -> Ways:
    """Ways and first characters of items that `follow` comes after."""
    for operation, argument in reversed(items):
        follow = _item(str(operation), argument, follow)
        follow = (min(follow[0], MAX_WAYS + 1), follow[1])
    return follow


def _item(operation: str, argument: Any, follow: Ways) -> Ways:
    characters = _characters(operation, argument)
    if characters is not None:
        return follow[0], characters
    if operation == "AT":
        return follow
    if operation == "SUBPATTERN":
        return _sequence(list(argument[3]), follow)
    if operation == "BRANCH":
        return _either([_sequence(list(branch), follow) for branch in argument[1]])
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, repeated = argument
        return _repeat(int(least), int(most), list(repeated), follow)
    raise ValueError(f"uses {operation.lower().replace('_', ' ')}, which patterns of lines may not have")


def _either(found: list[Ways]) -> Ways:
    return sum(ways for ways, _ in found), frozenset().union(*(first for _, first in found))


def _repeat(least: int, most: int, items: list[Any], follow: Ways) -> Ways:
    """A repeat of one character counts once where what follows it cannot begin with that character."""
    most = min(most, MAX_LINE)
    while len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        items = list(items[0][1][3])
    single = _characters(str(items[0][0]), items[0][1]) if len(items) == 1 else None
    if single is not None:
        choices = most - least + 1 if single & follow[1] else 1
        return follow[0] * choices, single | follow[1] if least == 0 else single
    if most <= 1:
        inner = _sequence(items, follow)
        return inner if least else _either([inner, follow])
    raise ValueError("repeats more than a single character, as in (ab)+; write it without that repeat")


def _characters(operation: str, argument: Any) -> frozenset[int] | None:
    """What an operation that matches exactly one character matches; None for any other operation."""
    if operation == "LITERAL":
        return _both_cases({int(argument)})
    if operation == "NOT_LITERAL":
        return CHARACTERS - {int(argument)}
    if operation == "ANY":
        return CHARACTERS
    if operation == "IN":
        return _set(list(argument))
    return None


def _set(parts: list[Any]) -> frozenset[int]:
    found: set[int] = set()
    negated = False
    for operation, argument in parts:
        name = str(operation)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.add(int(argument))
        elif name == "RANGE":
            found.update(range(argument[0], min(argument[1], 255) + 1))
        elif name == "CATEGORY" and str(argument) in _CLASSES:
            found |= _of_class(_CLASSES[str(argument)])
        else:
            return CHARACTERS
    return CHARACTERS - found if negated else _both_cases(found)


@cache
def _of_class(text: str) -> frozenset[int]:
    pattern = re.compile(text, re.ASCII)
    return frozenset(code for code in CHARACTERS if pattern.match(chr(code)))


def _both_cases(codes: set[int]) -> frozenset[int]:
    """With the other case of each letter, since (?i) may be on."""
    cased = {
        ord(other)
        for code in codes
        if code < 256
        for other in (chr(code).upper(), chr(code).lower())
        if len(other) == 1
    }
    return frozenset(code for code in codes | cased if code < 256)
