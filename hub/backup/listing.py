"""The backups of a folder."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path

from hub.backup.archive import SUFFIX, Head, read_head
from hub.backup.errors import BackupError

log = logging.getLogger(__name__)

NAME = re.compile(r"gatehouse-\d{8}-\d{6}(-\d+)?\.tar")
MAX_LISTED = 1000
FUTURE_SECONDS = 3600.0  # ahead of now: the clock was set back since


@dataclass(frozen=True)
class Listed:
    """A file of the folder: `head`, or `error` where it is no whole backup."""

    path: Path
    size: int
    head: Head | None
    error: str = ""


def new_name(folder: Path, now: float | None = None) -> Path:
    """The path of a backup that is made now, in local time."""
    stem = time.strftime("gatehouse-%Y%m%d-%H%M%S", time.localtime(now))
    path, number = folder / f"{stem}{SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{SUFFIX}"
    return path


def listed(folder: Path) -> list[Listed]:
    """The backups of a folder by the time at which they were made, the newest first; damaged ones last."""
    found = []
    try:
        paths = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))[-MAX_LISTED:]
    except OSError:
        return []
    for path in paths:
        try:
            size = path.stat().st_size
        except OSError:
            continue
        try:
            found.append(Listed(path, size, read_head(path)))
        except (BackupError, OSError) as error:
            found.append(Listed(path, size, None, str(error)))
    return sorted(found, key=lambda one: (one.head is not None, one.head.made_at if one.head else 0), reverse=True)


def newest(folder: Path) -> Listed | None:
    """The newest whole backup of a folder, or None."""
    return next((one for one in listed(folder) if one.head is not None), None)


def remove_old(folder: Path, keep: int, made: Path) -> list[Path]:
    """Delete the oldest whole backups beyond `keep`, never `made`, and parts that a crash has left; what was deleted.

    Damaged files are left for the operator to look at.
    """
    limit = time.time() + FUTURE_SECONDS
    whole = [(one.head.made_at, one.path) for one in listed(folder) if one.head is not None and one.path != made]
    # One from the future was made before the clock was set back, so before the others.
    whole.sort(key=lambda one: (one[0] < limit, one[0]), reverse=True)
    deleted = [path for _, path in whole[max(0, keep - 1) :]]
    deleted += [path for path in folder.glob("gatehouse-*.part") if NAME.match(path.name)]
    for path in deleted:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("The old backup %s could not be deleted: %s", path, error)
    return deleted
