"""Which pictures of a pack are intact: read from its first byte to its last, each compared with its checksum."""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hub.backup.pace import Pace
from hub.store.pack_writer import HEADER, MAGIC

PIECE_BYTES = 256 * 1024
NAME = re.compile(r"(\d{6,9})\.pack")


@dataclass
class ReadPack:
    """What a pack holds. `intact`: where its whole pictures begin, in order; `stray_bytes` belong to none."""

    intact: array[int] = field(default_factory=lambda: array("Q"))
    damaged: int = 0
    stray_bytes: int = 0
    unreadable: str = ""  # why the rest could not be read

    def has(self, place: int) -> bool:
        """Whether a whole picture begins at `place`."""
        index = bisect_left(self.intact, place)
        return index < len(self.intact) and self.intact[index] == place


def packs(folder: Path) -> list[tuple[int, Path]]:
    """The packs of a folder by their numbers."""
    found = [(int(match[1]), path) for path in folder.glob("*.pack") if (match := NAME.fullmatch(path.name))]
    return sorted(found)


def read_pack(path: Path, pace: Pace) -> ReadPack:
    """Read a pack as far as it is written now. Raises FileNotFoundError where it is gone."""
    pack, place = ReadPack(), 0
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        try:
            while place + HEADER.size <= size:
                place = _read_picture(file, place, size, pack, pace)
        except OSError as error:
            pack.unreadable = error.strerror or str(error)
    pack.stray_bytes += max(0, size - place)
    return pack


def _read_picture(file: IO[bytes], place: int, size: int, pack: ReadPack, pace: Pace) -> int:
    """Check the picture at `place`; where the next one begins."""
    file.seek(place)
    magic, length, crc = HEADER.unpack(file.read(HEADER.size))
    end = place + HEADER.size + length
    if magic != MAGIC or end > size:
        following = _next_magic(file, place + 1, size, pace)
        pack.stray_bytes += following - place
        return following
    found, left = 0, int(length)
    while left and (data := file.read(min(left, PIECE_BYTES))):
        found = zlib.crc32(data, found)
        left -= len(data)
        pace.count(len(data))
    if left or found != crc:
        pack.damaged += 1
        # Its length may be what is damaged: the next picture is looked for inside.
        return _next_magic(file, place + 1, size, pace)
    pack.intact.append(place)
    return int(end)


def _next_magic(file: IO[bytes], place: int, size: int, pace: Pace) -> int:
    """Where the next picture may begin, or the end of the file."""
    while place < size:
        file.seek(place)
        data = file.read(PIECE_BYTES)
        found = data.find(MAGIC)
        if found >= 0:
            return place + found
        if len(data) < PIECE_BYTES:
            break
        place += len(data) - len(MAGIC) + 1
        pace.count(len(data))
    return size
