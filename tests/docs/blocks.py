"""The code of a page of docs/: blocks that stand under a line with the path of their file."""

from __future__ import annotations

import re
from dataclasses import dataclass

BLOCK = re.compile(r"^`(?P<path>[^`\n]+)`:\n\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SEPARATOR = "..."


@dataclass(frozen=True)
class Block:
    """A block of code: a whole file, or the lines of a file that change (`language` is then diff)."""

    path: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The blocks of a page in their order."""
    return [Block(**match.groupdict()) for match in BLOCK.finditer(page)]


def apply(change: str, text: str) -> str:
    """`text` with the lines of a diff block changed. Raises ValueError where its unchanged lines are not found once.

    The parts of a block are separated by a line "...". In each, lines begin with a space (unchanged), - or +.
    """
    for part in change.split(f"\n{SEPARATOR}\n"):
        lines = part.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
        after = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
        if f"\n{text}".count(f"\n{before}") != 1:
            raise ValueError(f"these lines are not there once:\n{before}")
        text = f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:]
    return text
