"""Files that hold one secret: readable by the hub's user only, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


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
    write_whole(path, (text + os.linesep).encode())


def write_whole(path: Path, data: bytes, secret: bool = True) -> None:
    """Write a file that is never seen half written; anybody may read one that is not `secret`. Raises OSError."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    # Windows ignores the mode; there the folder's permissions apply.
    mode = 0o600 if secret else 0o644
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode), "wb"
    ) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
