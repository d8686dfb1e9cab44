"""The one pack that pictures are appended to: its identity and its end are checked before every append."""

from __future__ import annotations

import logging
import os
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import IO

from hub.runtime.durable_file import sync_folder

log = logging.getLogger(__name__)

HEADER = struct.Struct("<4sII")
MAGIC = b"GHP1"
DAY = 86_400
MAX_PARTS = 1000  # buffers of one system call
MAX_COUNTED = 200_000  # headers that are read to count what is lost


class PackWriter:
    """An open pack. Used on the writer's thread alone.

    `pictures`: how many were appended since it was opened and not taken back.
    """

    def __init__(self, path: Path, number: int) -> None:
        """Open or create the file. Raises OSError."""
        self.path, self.number = path, number
        self.day = int(time.time() // DAY)
        self._file: FileIO = open(path, "a+b", buffering=0)
        try:
            self.end = self._opened_at = self._file.seek(0, os.SEEK_END)
            # Some network file systems give a file another number each time; then only its size is checked.
            self._has_identity = os.path.samestat(os.fstat(self._file.fileno()), os.stat(path))
            if self.end == 0:  # new, or its name could not be flushed when it was made
                sync_folder(path.parent)
        except OSError:
            self._file.close()
            raise
        self.pictures = 0
        self.closed = False

    def change(self) -> str:
        """How the file was changed by another program since the last append; "" where it was not."""
        state = os.fstat(self._file.fileno())
        if self._has_identity:
            try:
                named = os.stat(self.path)
            except FileNotFoundError:
                return "was removed"
            if not os.path.samestat(state, named):
                return "was replaced"
        if state.st_size == self.end:
            return ""
        return "was cut" if state.st_size < self.end else "was appended to by another program"

    def append(self, parts: Sequence[bytes], pictures: int) -> None:
        """Append the bytes of so many pictures by one system call. Raises OSError; `cut` removes what was written."""
        self.end += sum(len(part) for part in parts)
        self.pictures += pictures
        for first in range(0, len(parts), MAX_PARTS):
            some = parts[first : first + MAX_PARTS]
            size = sum(len(part) for part in some)
            written = os.writev(self._file.fileno(), some) if hasattr(os, "writev") else 0
            if written < size:  # Windows, and partial writes
                rest = memoryview(b"".join(some))[written:]
                while rest:
                    rest = rest[self._file.write(rest) :]

    def cut(self, end: int, pictures: int) -> None:
        """Remove what was appended behind `end`, where `pictures` had been appended. Raises OSError.

        The file stays open: other records of the commit have pictures before `end` that `sync` must reach.
        """
        if self.closed or self.end <= end:
            return
        if os.fstat(self._file.fileno()).st_size > end:
            self._file.truncate(end)
        self.end, self.pictures = end, pictures

    def sync(self) -> None:
        """Make everything that was appended durable. Raises OSError."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.closed = True
        try:
            self._file.close()
        except OSError as error:
            log.warning("%s could not be closed cleanly: %s", self.path, error)

    def lost(self) -> int:
        """How many pictures are not in the file any more, as far as they can be counted. Raises OSError."""
        runs = ((0, self._opened_at), (self._opened_at, self.end))  # a power cut may have left bytes in between
        kept = 0
        with suppress(FileNotFoundError), open(self.path, "rb") as file:
            kept = sum(_count(file, start, end) for start, end in runs)
        return _count(self._file, *runs[0]) + self.pictures - kept


def _count(file: IO[bytes] | FileIO, start: int, end: int) -> int:
    """How many whole pictures lie one behind the other from `start` to `end`, by their headers."""
    end, found = min(end, os.fstat(file.fileno()).st_size), 0
    while start + HEADER.size <= end and found < MAX_COUNTED:
        file.seek(start)
        magic, length, _ = HEADER.unpack(file.read(HEADER.size))
        start += HEADER.size + length
        if magic != MAGIC or start > end:
            break
        found += 1
    return found
