"""Files that hold one secret: readable by the hub's user only, replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Write a secret and a newline to `path`. Raises OSError."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    # Windows ignores the mode; there the folder's permissions apply.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
