"""The space of packs on the disk: what they take, and a pack without the pictures of expired records."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hub.runtime.durable_file import sync_folder

SUFFIX = ".thin"  # a smaller pack that is being written
PIECE = 1024 * 1024
SYNC_BYTES = 4 * PIECE  # flushed often, so that no flush of a record waits for a long one
CAN_THIN = os.name == "posix"  # elsewhere what is left out of a file takes space all the same


def allocated(path: Path) -> int:
    """Bytes that a file takes on the disk, holes left out; 0 where there is none. Raises OSError."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return 0
    blocks = getattr(state, "st_blocks", None)
    return state.st_size if blocks is None else min(state.st_size, blocks * 512)


def sizes(folder: Path) -> dict[int, int]:
    """The space of every pack by its number. Raises OSError."""
    return {int(path.stem): allocated(path) for path in folder.glob("*.pack") if path.stem.isdigit()}


def sweep(folder: Path) -> None:
    """Remove what an interrupted `thin` left."""
    for path in folder.glob(f"*{SUFFIX}"):
        path.unlink(missing_ok=True)


def thin(path: Path, ranges: Iterable[tuple[int, int]]) -> None:
    """Keep only these ranges (start, length) of a file, at their places; the rest becomes holes.

    The smaller file takes the place of the other one when it is durable, with the same size and time: a backup that has
    the pack needs no other copy. Raises OSError; the pack is then as it was.
    """
    state = path.stat()
    part = path.with_suffix(SUFFIX)
    try:
        with open(path, "rb", buffering=0) as source, open(part, "wb", buffering=0) as target:
            target.truncate(state.st_size)
            unsynced = 0
            for start, length in sorted(ranges):
                source.seek(start)
                target.seek(start)
                left = length
                while left > 0:
                    data = source.read(min(PIECE, left))
                    if not data:
                        raise OSError(f"{path.name} is shorter than its records say")
                    target.write(data)
                    left -= len(data)
                    unsynced += len(data)
                    if unsynced >= SYNC_BYTES:
                        os.fsync(target.fileno())
                        unsynced = 0
            os.fsync(target.fileno())
        os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
