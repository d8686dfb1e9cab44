"""Files and folders that a power cut leaves whole: either as they were before or as they were written.

A file system may write names, sizes and bytes in any order until it is told to flush. So a file is written beside its
name, flushed, renamed, and the folder's names are flushed.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


def write_whole(path: Path, data: bytes, secret: bool = False) -> None:
    """Write a file that is never seen half written, not even after a power cut. Raises OSError.

    `secret`: only the user of this process may read it.
    """
    part = path.with_name(f"{path.name}.part")
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
    sync_folder(path.parent)


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
    """Make the names in a folder durable (POSIX; Windows has no flush of a folder and needs none). Raises OSError."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems have no flush of a folder
            raise
    finally:
        os.close(handle)
