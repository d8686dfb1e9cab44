"""A disk that replays records and knows of each change whether it was flushed.

The model is that of POSIX: `fsync` of a file makes its bytes and its size durable, `fsync` of a folder its names. What
was not flushed may be there or not. A rename is one step: both names change or none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.power_cut.records import Record


@dataclass(eq=False)
class Write:
    """Bytes at an offset (`data`), or a size (`data` None)."""

    at: int
    data: bytes | None


@dataclass(eq=False)
class File:
    """`durable`: its flushed bytes; `pending`: changes since, oldest first."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write] = field(default_factory=list)


@dataclass(eq=False)
class NameChange:
    """`old` is removed from its folder (where given), `new` is set to `node` in its folder (where given).

    `number` orders the changes of all folders. `durable` once one of the folders was flushed.
    """

    number: int
    old: tuple[Folder, str] | None
    new: tuple[Folder, str] | None
    node: Node | None
    durable: bool = False

    def apply(self, folder: Folder, names: dict[str, Node]) -> None:
        """Make the change to `names` of `folder`."""
        if self.old is not None and self.old[0] is folder:
            names.pop(self.old[1], None)
        if self.new is not None and self.new[0] is folder and self.node is not None:
            names[self.new[1]] = self.node


@dataclass(eq=False)
class Folder:
    """`names`: as programs see them now; `durable`: the flushed ones; `pending`: changes since, oldest first."""

    names: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)
    pending: list[NameChange] = field(default_factory=list)


Node = File | Folder


class Disk:
    """The folder `root`, empty until the records are replayed."""

    def __init__(self, root: Path) -> None:
        self._prefix = os.path.normpath(root)
        self.root = Folder()
        self._inodes: dict[int, Node] = {}
        self._flushes: dict[int, Callable[[], None]] = {}
        self._changes = 0

    def replay(self, record: Record) -> None:
        """Make the change that a record names."""
        match record.kind:
            case "I" | "J":
                self._begin(record)
            case "C" | "M":
                node: Node = File() if record.kind == "C" else Folder()
                self._inodes[record.inode] = node
                self._change(None, self._place(record.path), node)
            case "W" | "T":
                found = self._inodes.get(record.inode)
                if isinstance(found, File):
                    found.pending.append(Write(record.number, record.data if record.kind == "W" else None))
            case "B":
                self._flushes[record.number] = self._flush(record.inode)
            case "E":
                self._flushes.pop(record.number)()
            case "R":
                self._change(self._place(record.path), self._place(record.path2), self._node(record.path))
            case "L":
                self._change(None, self._place(record.path2), self._node(record.path))
            case "U":
                self._change(self._place(record.path), None, None)

    def _begin(self, record: Record) -> None:
        """Take a file or folder that was there before the recording as flushed."""
        if os.path.normpath(record.path) == self._prefix:
            self._inodes[record.inode] = self.root
            return
        folder, name = self._place(record.path)
        node = File(bytearray(record.data)) if record.kind == "I" else Folder()
        self._inodes[record.inode] = folder.names[name] = folder.durable[name] = node

    def _flush(self, inode: int) -> Callable[[], None]:
        """What the end of a flush does that begins now: later changes are not a part of it."""
        node = self._inodes.get(inode)
        if isinstance(node, File):
            count = list(node.pending)
            return lambda: _flush_file(node, count)
        if isinstance(node, Folder):
            changes = list(node.pending)
            return lambda: _flush_names(changes)
        return lambda: None

    def _change(self, old: tuple[Folder, str] | None, new: tuple[Folder, str] | None, node: Node | None) -> None:
        self._changes += 1
        change = NameChange(self._changes, old, new, node)
        folders = list(dict.fromkeys(place[0] for place in (old, new) if place is not None))
        for folder in folders:
            folder.pending.append(change)
            change.apply(folder, folder.names)

    def _place(self, path: str) -> tuple[Folder, str]:
        """The folder of a path, and the name in it."""
        parent, name = os.path.split(os.path.normpath(path))
        folder = self._node(parent)
        assert isinstance(folder, Folder), f"{parent} was never created"
        return folder, name

    def _node(self, path: str) -> Node:
        relative = os.path.relpath(os.path.normpath(path), self._prefix)
        node: Node = self.root
        for part in () if relative == "." else relative.split(os.sep):
            assert isinstance(node, Folder), f"{path} is in no folder"
            node = node.names[part]
        return node


def write_into(content: bytearray, at: int, data: bytes) -> None:
    """Write at an offset; a gap before it is filled with zeros."""
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data


def set_size(content: bytearray, size: int) -> None:
    """Cut a file, or lengthen it by zeros."""
    del content[size:]
    content.extend(bytes(size - len(content)))


def _flush_file(file: File, flushed: list[Write]) -> None:
    done = set(map(id, flushed))
    for write in file.pending:
        if id(write) not in done:
            continue
        if write.data is None:
            set_size(file.durable, write.at)
        else:
            write_into(file.durable, write.at, write.data)
    file.pending = [write for write in file.pending if id(write) not in done]


def _flush_names(changes: list[NameChange]) -> None:
    for change in changes:
        if change.durable:
            continue
        change.durable = True
        for place in (change.old, change.new):
            if place is not None and change in place[0].pending:
                change.apply(place[0], place[0].durable)
                place[0].pending.remove(change)
