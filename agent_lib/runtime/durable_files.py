"""Files and folders that a power cut leaves whole: their bytes and their names are flushed to disk."""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

PART = ".part"
"""Ending of a file that is being written by `replace_durably`; what a crash leaves of it is of no use."""


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and flush it to disk, but not its name. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, data: bytes) -> None:
    """Write a file that is either complete or not there at all, whenever the process ends. Raises OSError.

    Its name is flushed by `sync_folder`.
    """
    part = path.with_name(path.name + PART)
    try:
        write_durably(part, data)
        os.replace(part, path)
    except OSError:
        with suppress(OSError):  # on a disk that fails; the next start removes it
            part.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it, their names flushed to disk. Raises OSError where it cannot be made."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in made or [path]:
        try:
            sync_folder(folder.parent)
        except PermissionError as error:  # a folder above that may be entered and not read
            log.debug("The name of %s was not flushed: %s", folder, error)


def sync_folder(folder: Path) -> None:
    """Flush the directory entries of a folder to disk; not needed on Windows, which cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems have no flush of a folder
            raise
    finally:
        os.close(handle)
