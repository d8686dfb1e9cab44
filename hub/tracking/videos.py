"""Recorded videos and pictures that may be searched: those in one folder, by name, never by path."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import NotFound
from hub.runtime.offload import offload

VIDEO_SUFFIXES = frozenset((".mp4", ".avi", ".mov", ".mkv", ".wmv", ".webm", ".m4v"))
PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp"))
MAX_NAME = 255
MAX_LISTED, MAX_EXAMINED = 1000, 100_000
UNKNOWN = "There is no video of this name that may be searched; GET /api/tracking/videos lists those that there are."


@dataclass(frozen=True)
class VideoFile:
    """A video or picture of the folder; `modified` in epoch seconds."""

    name: str
    bytes: int
    modified: float


class VideoFolder:
    """The folder of `tracking.videos`. It need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[VideoFile]:
        """The first files by name, at most MAX_LISTED."""
        return offload(self._list)

    def resolve(self, name: str) -> Path:
        """The file of this name. Raises NotFound, with one sentence for all that is missing or not allowed."""
        path = offload(self._resolve, name) if is_allowed(name) else None
        if path is None:
            raise NotFound(UNKNOWN)
        return path

    def _list(self) -> list[VideoFile]:
        """On a native thread."""
        found: list[VideoFile] = []
        try:
            with os.scandir(self.folder) as entries:
                for number, entry in enumerate(entries):
                    if number >= MAX_EXAMINED:
                        break
                    path = self._resolve(entry.name) if is_allowed(entry.name) else None
                    if path is not None:
                        status = path.stat()
                        found.append(VideoFile(entry.name, status.st_size, status.st_mtime))
        except OSError:  # no folder, or a file that was removed meanwhile
            pass
        return sorted(found, key=lambda file: file.name)[:MAX_LISTED]

    def _resolve(self, name: str) -> Path | None:
        """On a native thread. A link may lead to another file of the folder, to nothing outside it."""
        try:
            folder = self.folder.resolve(strict=True)
            path = (folder / name).resolve(strict=True)
            regular = stat.S_ISREG(path.stat().st_mode)
        except (OSError, RuntimeError, ValueError):  # missing, a circle of links, a name that the system refuses
            return None
        return path if regular and path.is_relative_to(folder) and is_allowed(path.name) else None


def is_allowed(name: str) -> bool:
    """Whether a name may be one of the folder: no path, no hidden file, and a suffix of videos or pictures."""
    return (
        0 < len(name) <= MAX_NAME
        and name.isprintable()
        and not name.startswith(".")
        and not any(character in name for character in "/\\:")
        and suffix(name) in VIDEO_SUFFIXES | PICTURE_SUFFIXES
    )


def is_picture(path: Path) -> bool:
    """Whether a file is one picture and no video."""
    return suffix(path.name) in PICTURE_SUFFIXES


def suffix(name: str) -> str:
    """The suffix in small letters, with its dot."""
    return os.path.splitext(name)[1].lower()
