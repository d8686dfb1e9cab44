"""The files that a power cut leaves: one of the states that a disk may be in."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.power_cut.disk import Disk, File, Folder, NameChange, Node, Write, set_size, write_into

SECTORS = (512, 4096)
# flushed: nothing else. torn: names in the order in which they were changed, as journals of file systems keep them, and
# any sectors. shuffled: any names and any sectors. all: everything, as after kill -9.
WAYS = ("flushed", "torn", "shuffled", "all")
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)


class Survivors:
    """Writes the state of a disk after a cut, by a way of WAYS."""

    def __init__(self, disk: Disk, way: str, rng: random.Random) -> None:
        self._disk, self._way, self._rng = disk, way, rng
        self._share = rng.choice(SHARES)
        changes = sorted({change.number for folder in _folders(disk.root) for change in folder.pending})
        self._last = rng.choice([0, *changes])  # of the journal
        self._kept: dict[int, bool] = {}

    def write(self, target: Path) -> None:
        """Make the files in the new folder `target`."""
        self._write_folder(self._disk.root, target, set())

    def _write_folder(self, folder: Folder, target: Path, above: set[int]) -> None:
        target.mkdir(parents=True)
        for name, node in self.names(folder).items():
            if isinstance(node, File):
                (target / name).write_bytes(self.content(node))
            elif id(node) not in above:
                self._write_folder(node, target / name, above | {id(node)})

    def names(self, folder: Folder) -> dict[str, Node]:
        """The names in a folder that are left."""
        names = dict(folder.durable)
        for change in folder.pending:
            if self._keeps(change):
                change.apply(folder, names)
        return names

    def _keeps(self, change: NameChange) -> bool:
        if self._way in ("flushed", "all"):
            return self._way == "all"
        if self._way == "torn":
            return change.number <= self._last
        return self._kept.setdefault(change.number, self._rng.random() < self._share)

    def content(self, file: File) -> bytes:
        """The bytes of a file that are left."""
        content = bytearray(file.durable)
        if self._way == "flushed" or not file.pending:
            return bytes(content)
        share = 1.0 if self._way == "all" else self._rng.choice(SHARES)
        sector = self._rng.choice(SECTORS)
        sizes = [len(content)]
        size = len(content)
        for write in file.pending:
            size = write.at if write.data is None else max(size, write.at + len(write.data))
            sizes.append(size)
            self._write_sectors(content, write, sector, share)
        if self._way == "all":
            set_size(content, size)
        elif self._rng.random() < 0.5:  # the size is written apart from the bytes
            set_size(content, self._rng.choice(sizes))
        return bytes(content)

    def _write_sectors(self, content: bytearray, write: Write, sector: int, share: float) -> None:
        """Make those parts of a write that reached the disk."""
        if write.data is None:
            if self._rng.random() < share:
                set_size(content, write.at)
            return
        start, end = write.at, write.at + len(write.data)
        while start < end:
            stop = min(end, (start // sector + 1) * sector)
            if self._rng.random() < share:
                write_into(content, start, write.data[start - write.at : stop - write.at])
            start = stop


def _folders(folder: Folder) -> list[Folder]:
    """A folder and all that were ever in it."""
    found, waiting = [folder], [folder]
    while waiting:
        one = waiting.pop()
        nodes = [*one.names.values(), *one.durable.values(), *(change.node for change in one.pending)]
        for node in nodes:
            if isinstance(node, Folder) and node not in found:
                found.append(node)
                waiting.append(node)
    return found
