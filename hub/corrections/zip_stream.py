"""A ZIP archive that is written while it is sent: pictures are not compressed, and none is in memory whole.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT 4.3 (local header, data descriptor, central
directory). Without ZIP64: below 4 GB and 65,535 files.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterable, Iterator

LOCAL, DESCRIPTOR, CENTRAL, END = 0x04034B50, 0x08074B50, 0x02014B50, 0x06054B50
VERSION = 20
FLAGS = 1 << 3 | 1 << 11  # sizes follow the data; names are UTF-8
REGULAR = 0o100644 << 16
MAX_BYTES, MAX_FILES = 2**32 - 2**27, 60_000
PIECE = 64 * 1024


class ZipStream:
    """`add` and then `end` give the bytes of the archive."""

    def __init__(self, moment: float) -> None:
        """`moment`: epoch seconds, the time of every file, shown in UTC."""
        year, month, day, hour, minute, second = time.gmtime(moment)[:6]
        self._time = hour << 11 | minute << 5 | second // 2
        self._date = (max(year, 1980) - 1980) << 9 | month << 5 | day
        self._central: list[bytes] = []
        self.size = 0

    def has_room(self, size: int) -> bool:
        """Whether a file of so many bytes may be added."""
        return self.size + size < MAX_BYTES and len(self._central) < MAX_FILES

    def add(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file from its pieces."""
        path, offset, crc, size = name.encode(), self.size, 0, 0
        yield self._sent(
            struct.pack("<IHHHHHIIIHH", LOCAL, VERSION, FLAGS, 0, self._time, self._date, 0, 0, 0, len(path), 0) + path
        )
        for piece in pieces:
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            yield self._sent(piece)
        yield self._sent(struct.pack("<IIII", DESCRIPTOR, crc, size, size))
        values = (VERSION | 3 << 8, VERSION, FLAGS, 0, self._time, self._date, crc, size, size, len(path))
        self._central.append(struct.pack("<IHHHHHHIIIHHHHHII", CENTRAL, *values, 0, 0, 0, 0, REGULAR, offset) + path)

    def end(self) -> Iterator[bytes]:
        """The directory of the archive."""
        start, files, batch = self.size, len(self._central), b""
        for entry in self._central:
            batch += entry
            if len(batch) > PIECE:
                yield self._sent(batch)
                batch = b""
        size = self.size + len(batch) - start
        yield self._sent(batch + struct.pack("<IHHHHIIH", END, 0, 0, files, files, size, start, 0))

    def _sent(self, data: bytes) -> bytes:
        self.size += len(data)
        return data
