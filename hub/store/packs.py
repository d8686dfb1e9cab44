"""Pictures of camera records, many in one file.

One file for each picture costs a flush each; BLOBs make one large database that deletion does not shrink. So pictures
are appended to pack files (`NNNNNN.pack`), flushed once for all records of a commit. Old ones are deleted a file at a
time, and a full pack never changes again, so a backup copies it once (only holes may be cut, `hub.store.pack_space`).
Each picture has a header (magic, length, CRC-32) that is verified when it is read.
"""

from __future__ import annotations

import errno
import os
import re
import time
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.runtime.durable_file import make_folder
from hub.store.pack_faults import PackFaults
from hub.store.pack_space import CAN_THIN, allocated, sizes, sweep, thin
from hub.store.pack_writer import DAY, HEADER, MAGIC, PackWriter
from hub.store.pictures import TYPES, StoredPicture
from hub.store.transaction import Transaction

NAME = re.compile(r"k(\d{6,9})-([0-9a-f]{1,12})-([0-9a-f]{8})(\.(?:jpg|png|webp|gif|bmp|bin))")
PREFIX, SUFFIX = "k", ".pack"  # of the names of pictures, and of files
MAX_PACK = 256 * 1024 * 1024
CRC_CHUNK = 5 * 1024  # the most bytes that zlib sums without releasing the GIL
MAX_CRC_WITH_GIL = 256 * 1024


class PackStore:
    """The folder of packs. `put_all` runs on the writer's thread only, `read` on any native thread."""

    can_thin = CAN_THIN

    def __init__(self, folder: Path, max_bytes: int = MAX_PACK) -> None:
        self.folder = folder
        self.faults = PackFaults()
        self._max_bytes = max_bytes
        self._pack: PackWriter | None = None  # the one that is appended to
        self._appended: list[PackWriter] = []  # those that the commit in progress has appended to
        self._number = 0

    def prepare(self) -> None:
        """Create the folder. A pack is continued after whatever a power cut left in it."""
        make_folder(self.folder)
        sweep(self.folder)
        numbers = [int(path.stem) for path in self.folder.glob("*.pack") if path.stem.isdigit()]
        self._number = max(numbers, default=0)

    def path(self, number: int) -> Path:
        return self.folder / pack_file(number)

    @property
    def newest(self) -> int:
        """The number of the pack that may still be appended to; those before it never change."""
        return self._number

    def put_all(self, transaction: Transaction, pictures: Sequence[tuple[bytes, str]]) -> list[str]:
        """Append pictures, given as (bytes, suffix), by one system call; their names.

        Durable with the commit of `transaction`. Raises OSError.
        """
        if not pictures:
            return []
        first = "packs" not in transaction.before_commit
        if first:
            self._end_commit()
            transaction.before_commit["packs"] = self._sync
        pack = self._open(first)
        if pack not in self._appended:
            self._appended.append(pack)
        start, before = pack.end, pack.pictures
        transaction.on_failure.append(lambda: self._cut(pack, start, before))
        names: list[str] = []
        parts: list[bytes] = []
        end = start
        for data, suffix in pictures:
            crc = _crc(data)
            names.append(f"{PREFIX}{pack.number:06d}-{end:x}-{crc:08x}{suffix}")
            parts += (HEADER.pack(MAGIC, len(data), crc), data)
            end += HEADER.size + len(data)
        pack.append(parts, len(pictures))
        return names

    def _open(self, first: bool) -> PackWriter:
        """The pack to append to.

        Another one each day and when one is full, between commits (`first`), and when one was changed. Raises OSError.
        """
        pack, today = self._pack, int(time.time() // DAY)
        if pack is not None and not pack.closed:
            change = pack.change()
            if change:
                self._give_up(pack, change)
            elif not first or (pack.end < self._max_bytes and pack.day == today):
                return pack
        number = self._number
        if pack is not None or number == 0 or not self._can_continue(today):
            number += 1
        opened = PackWriter(self.path(number), number)
        self._close()
        self._pack, self._number = opened, number
        return opened

    def _can_continue(self, today: int) -> bool:
        """Whether the newest pack of an earlier run can be continued."""
        path = self.path(self._number)
        if not path.exists():
            return False
        state = path.stat()
        return state.st_size < self._max_bytes and int(state.st_mtime // DAY) == today

    def _give_up(self, pack: PackWriter, change: str) -> None:
        """Report a pack that another program changed; it is not appended to any more.

        Raises OSError when the commit in progress has pictures in it: nobody was answered, so all are sent again.
        """
        in_commit = pack in self._appended
        try:
            self.faults.report_replaced(pack.path.name, change, pack.lost())
        finally:
            pack.close()
        if in_commit:
            raise OSError(errno.EIO, f"the picture file {pack.path.name} {change}")

    def _sync(self) -> None:
        """Make every pack durable that the commit appended to, whatever was cut out of it again."""
        for pack in self._appended:
            pack.sync()
            change = pack.change()
            if change:
                self._give_up(pack, change)
        self._end_commit()

    def _end_commit(self) -> None:
        for pack in self._appended:
            if pack is not self._pack:
                pack.close()
        self._appended.clear()

    def _cut(self, pack: PackWriter, end: int, pictures: int) -> None:
        """Remove what was appended for a record that failed, or for a commit that failed."""
        try:
            pack.cut(end, pictures)
        except OSError:
            pack.close()  # it ends with bytes that no record names; the next pictures go into another one
            raise

    def _close(self) -> None:
        """Close the pack that is appended to, at once where the commit in progress does not need it."""
        if self._pack is not None and self._pack not in self._appended:
            self._pack.close()
        self._pack = None

    def close(self) -> None:
        self._close()
        self._end_commit()

    def numbers(self) -> set[int]:
        """The packs that there are. Raises OSError."""
        return set(sizes(self.folder))

    def size_on_disk(self) -> int:
        """Bytes of all packs, holes left out. Raises OSError."""
        return sum(sizes(self.folder).values())

    def allocated(self, number: int) -> int:
        """Bytes of a pack, holes left out; 0 where there is none. Raises OSError."""
        return allocated(self.path(number))

    def remove(self, number: int) -> None:
        """Delete a pack that no record names any more. Raises OSError."""
        self.path(number).unlink(missing_ok=True)

    def thin(self, number: int, ranges: Iterable[tuple[int, int]]) -> None:
        """Keep only these ranges (start, length) of a pack. Raises OSError."""
        thin(self.path(number), ranges)

    def read(self, name: str, raw: bool = False) -> tuple[bytes, str] | None:
        """Bytes and content type by name, or None where they are missing or corrupt. Raises OSError."""
        found = self.locate(name, raw)
        if found is None:
            return None
        data = found.read(0, found.size)
        if len(data) != found.size or zlib.crc32(data) != found.crc:
            self.faults.report_corrupt(found.path.name, f"the picture {name} has other bytes than were stored")
            return None
        return data, found.content_type

    def locate(self, name: str, raw: bool = False) -> StoredPicture | None:
        """Where a picture is, or None. Bytes that are not a picture (`.bin`) only with `raw`. Raises OSError."""
        match = NAME.fullmatch(name)
        if match is None or (match[4] == ".bin" and not raw):
            return None
        pack, place, crc = self.path(int(match[1])), int(match[2], 16), int(match[3], 16)
        try:
            length = _length(pack, place, crc)
        except (FileNotFoundError, IsADirectoryError):
            return None
        except _Corrupt as error:
            self.faults.report_corrupt(pack.name, str(error))
            return None
        return StoredPicture(pack, place + HEADER.size, length, TYPES.get(match[4], "application/octet-stream"), crc)


def pack_file(number: int) -> str:
    """The name of a pack's file."""
    return f"{number:06d}{SUFFIX}"


def pack_of(name: str) -> int:
    """The number of the pack that holds a picture; 0 where the name is none of a pack."""
    match = NAME.fullmatch(name)
    return int(match[1]) if match else 0


class _Corrupt(Exception):
    """The bytes of a picture are not those that were stored; the text is the reason."""


def _length(pack: Path, place: int, crc: int) -> int:
    """The length of a picture by its header. Raises FileNotFoundError (no such pack), _Corrupt, OSError."""
    with open(pack, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(place)
        header = file.read(HEADER.size)
    if len(header) < HEADER.size:
        raise _Corrupt(f"it ends before the picture at {place}")
    magic, length, stored_crc = HEADER.unpack(header)
    if magic != MAGIC or stored_crc != crc:
        raise _Corrupt(f"there is no such picture at {place}")
    if place + HEADER.size + int(length) > size:
        raise _Corrupt(f"it ends within the picture at {place}")
    return int(length)


def _crc(data: bytes) -> int:
    """CRC-32. zlib releases the GIL for more than 5 KB, and winning it back takes longer than the sum."""
    if len(data) > MAX_CRC_WITH_GIL:
        return zlib.crc32(data)
    view, crc = memoryview(data), 0
    for start in range(0, len(data), CRC_CHUNK):
        crc = zlib.crc32(view[start : start + CRC_CHUNK], crc)
    return crc
