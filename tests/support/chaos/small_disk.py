"""A small disk that a test fills and empties: a tmpfs, which needs root on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILLER = "filler"
CHUNKS = (1 << 20, 1 << 16, 1 << 12)


class NoSmallDisk(Exception):
    """This machine does not let a small disk be mounted; the text is the reason."""


class SmallDisk:
    """The mounted disk; `folder` is where to put things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / FILLER

    def fill(self) -> None:
        """Leave no room at all."""
        with self._filler.open("ab", buffering=0) as file:
            for chunk in CHUNKS:
                with suppress(OSError):
                    while file.write(bytes(chunk)) == chunk:
                        pass

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Free bytes."""
        return shutil.disk_usage(self.folder).free


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk at the new folder `folder`. Raises NoSmallDisk."""
    if os.name != "posix" or os.geteuid() != 0:
        raise NoSmallDisk("A full disk is made by mounting a small one, which needs root on Linux.")
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise NoSmallDisk(f"This machine does not let a test mount a small disk: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
