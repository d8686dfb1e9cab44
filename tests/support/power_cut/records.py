"""What recorder.c recorded, read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.power_cut.recorder import HEADER


class Record(NamedTuple):
    """One record. `kind`: see KINDS; `inode` names the file; `number` is an offset, a size, or that of a flush."""

    kind: str
    inode: int
    number: int
    path: str
    path2: str
    data: bytes


KINDS = {
    "I": "the file at path held data when the recording began",
    "J": "the folder at path was there when the recording began",
    "C": "a file was created at path",
    "M": "a folder was created at path",
    "W": "data was written at the offset number",
    "T": "the size was set to number",
    "B": "flush number began",
    "E": "flush number has ended",
    "R": "path was renamed to path2",
    "L": "path2 was linked to the file at path",
    "U": "the name path was removed",
    "A": "data was acknowledged",
}


def read_records(log: Path) -> Iterator[Record]:
    """Every whole record, in order; the last one may be cut off where its process was killed."""
    with log.open("rb") as file:
        while len(head := file.read(HEADER.size)) == HEADER.size:
            magic, kind, _, path_size, path2_size, size, inode, number = HEADER.unpack(head)
            assert magic == b"PC" and kind.decode() in KINDS, f"{log} has no record at {file.tell() - HEADER.size}"
            body = file.read(path_size + path2_size + size)
            if len(body) < path_size + path2_size + size:
                return
            paths = body[: path_size + path2_size]
            yield Record(
                kind.decode(),
                inode,
                number,
                paths[:path_size].decode("utf-8", "surrogateescape"),
                paths[path_size:].decode("utf-8", "surrogateescape"),
                body[path_size + path2_size :],
            )
