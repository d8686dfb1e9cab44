"""Files that hold one secret: readable by the hub's user only, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hub.runtime.durable_file import write_whole


class UnreadableSecret(OSError):
    """A file with a secret cannot be read; the text says why."""


def read_secret(path: Path) -> str:
    """The secret that an operator has written into `path`. Raises UnreadableSecret."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSecret(getattr(error, "strerror", None) or "it is not UTF-8 text") from error


def stored_secret(path: Path, make: Callable[[], str]) -> tuple[str, bool]:
    """The secret of `path`, and whether `make` made it just now, where the file has none. Raises OSError."""
    if path.exists():
        text = path.read_text("utf-8").strip()
        if text:
            return text, False
    text = make()
    write_secret(path, text)
    return text, True


def write_secret(path: Path, text: str) -> None:
    """Write a secret and a newline to `path`. Raises OSError."""
    write_whole(path, (text + os.linesep).encode(), secret=True)
