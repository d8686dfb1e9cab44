"""Pictures of camera records, many in one file.

One file for each picture costs a flush each; BLOBs make one large database that deletion does not shrink. So pictures
are appended to pack files (`NNNNNN.pack`), flushed once for all records of a commit. Old ones are deleted a file at a
time, and a full pack never changes again, so a backup copies it once. Each picture has a header (magic, length, CRC-32)
that is verified when it is read.
"""

from __future__ import annotations

import logging
import os
import re
import struct
import time
import zlib
from collections.abc import Sequence
from io import FileIO
from pathlib import Path

from hub.store.pictures import TYPES, StoredPicture
from hub.store.transaction import Transaction

log = logging.getLogger(__name__)

NAME = re.compile(r"k(\d{6,9})-([0-9a-f]{1,12})-([0-9a-f]{8})(\.(?:jpg|png|webp|gif|bmp|bin))")
HEADER = struct.Struct("<4sII")
MAGIC = b"GHP1"
PREFIX = "k"
MAX_PACK = 256 * 1024 * 1024
DAY = 86_400
CRC_CHUNK = 5 * 1024  # the most bytes that zlib sums without releasing the GIL
MAX_CRC_WITH_GIL = 256 * 1024
MAX_PARTS = 1000  # buffers of one system call


class PackStore:
    """The folder of packs. `put_all` runs on the writer's thread only, `read` on any native thread."""

    def __init__(self, folder: Path, max_bytes: int = MAX_PACK) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._file: FileIO | None = None
        self._number = 0
        self._end = 0
        self._day = 0

    def prepare(self) -> None:
        """Create the folder. A pack is continued after whatever a power cut left in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.stem) for path in self.folder.glob("*.pack") if path.stem.isdigit()]
        self._number = max(numbers, default=0)

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.pack"

    def put_all(self, transaction: Transaction, pictures: Sequence[tuple[bytes, str]]) -> list[str]:
        """Append pictures, given as (bytes, suffix), by one system call; their names.

        Durable with the commit of `transaction`. Raises OSError.
        """
        if not pictures:
            return []
        if "packs" not in transaction.before_commit or self._file is None:
            self._open()
            transaction.before_commit["packs"] = self._sync
        start = self._end
        transaction.on_failure.append(lambda: self._truncate(start))
        names: list[str] = []
        parts: list[bytes] = []
        for data, suffix in pictures:
            crc = _crc(data)
            names.append(f"{PREFIX}{self._number:06d}-{self._end:x}-{crc:08x}{suffix}")
            parts += (HEADER.pack(MAGIC, len(data), crc), data)
            self._end += HEADER.size + len(data)
        self._append(parts)
        return names

    def _append(self, parts: list[bytes]) -> None:
        assert self._file is not None
        for first in range(0, len(parts), MAX_PARTS):
            some = parts[first : first + MAX_PARTS]
            size = sum(len(part) for part in some)
            written = os.writev(self._file.fileno(), some) if hasattr(os, "writev") else 0
            if written < size:  # Windows, and partial writes
                rest = memoryview(b"".join(some))[written:]
                while rest:
                    rest = rest[self._file.write(rest) :]

    def _open(self) -> None:
        """Open the pack to append to: a new one each day and when one is full."""
        today = int(time.time() // DAY)
        if self._file is not None and self._end < self._max_bytes and self._day == today:
            return
        if self._file is not None or self._number == 0 or not self._can_continue(today):
            self.close()
            self._number += 1
        path = self.path(self._number)
        new = not path.exists()
        self._file = open(path, "ab", buffering=0)
        self._end = self._file.seek(0, os.SEEK_END)
        self._day = today
        if new and os.name == "posix":
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _can_continue(self, today: int) -> bool:
        """Whether the newest pack of an earlier run can be continued."""
        path = self.path(self._number)
        if not path.exists():
            return False
        state = path.stat()
        return state.st_size < self._max_bytes and int(state.st_mtime // DAY) == today

    def _sync(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())

    def _truncate(self, start: int) -> None:
        """Remove what was appended for a commit that failed."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            log.warning("A picture file could not be closed cleanly (%s).", error)
        self._file = None
        path = self.path(self._number)
        if path.exists() and path.stat().st_size > start:
            os.truncate(path, start)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self, name: str, raw: bool = False) -> tuple[bytes, str] | None:
        """Bytes and content type by name, or None where they are missing or corrupt. Raises OSError."""
        found = self.locate(name, raw)
        data = found.read(0, found.size) if found is not None else b""
        if found is None or len(data) != found.size or zlib.crc32(data) != found.crc:
            return None
        return data, found.content_type

    def locate(self, name: str, raw: bool = False) -> StoredPicture | None:
        """Where a picture is, or None. Bytes that are not a picture (`.bin`) only with `raw`. Raises OSError."""
        match = NAME.fullmatch(name)
        if match is None or (match[4] == ".bin" and not raw):
            return None
        try:
            with open(self.path(int(match[1])), "rb") as file:
                file.seek(int(match[2], 16))
                header = file.read(HEADER.size)
                if len(header) < HEADER.size:
                    return None
                magic, length, crc = HEADER.unpack(header)
                if magic != MAGIC or crc != int(match[3], 16):
                    return None
        except (FileNotFoundError, IsADirectoryError):
            return None
        start = int(match[2], 16) + HEADER.size
        return StoredPicture(
            self.path(int(match[1])), start, length, TYPES.get(match[4], "application/octet-stream"), crc
        )


def _crc(data: bytes) -> int:
    """CRC-32. zlib releases the GIL for more than 5 KB, and winning it back takes longer than the sum."""
    if len(data) > MAX_CRC_WITH_GIL:
        return zlib.crc32(data)
    view, crc = memoryview(data), 0
    for start in range(0, len(data), CRC_CHUNK):
        crc = zlib.crc32(view[start : start + CRC_CHUNK], crc)
    return crc
