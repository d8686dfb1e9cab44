"""Moving and removal of files."""

from __future__ import annotations

import logging
import time
from pathlib import Path

log = logging.getLogger(__name__)


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used to `NAME.broken-TIME`, never over another one. Raises OSError."""
    ending = f"{path.name}.broken-{int(time.time())}"
    target, number = path.with_name(ending), 1
    while target.exists():
        target, number = path.with_name(f"{ending}-{number}"), number + 1
    path.rename(target)
    return target


def remove(path: Path) -> None:
    """Remove a file if it exists; a failure is logged."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed (%s); the next start tries again.", path, error)
