"""Durable writing, moving and removal of files."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

log = logging.getLogger(__name__)

PART = ".part"
"""Ending of a file that is being written by `replace_durably`; what a crash leaves of it is of no use."""


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and flush it to disk. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, data: bytes) -> None:
    """Write a file that is either complete or not there at all, whenever the process ends. Raises OSError."""
    part = path.with_name(path.name + PART)
    try:
        write_durably(part, data)
        os.replace(part, path)
    except OSError:
        remove(part)
        raise


def sync_folder(folder: Path) -> None:
    """Flush the directory entries of a folder to disk; not needed on Windows, which cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
