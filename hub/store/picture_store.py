"""Where pictures are stored: the interface of files, packs and tables of pictures.

Beside SQLite they are files (`hub.store.images`, `hub.store.packs`), with PostgreSQL rows (`hub.store.postgresql`). A
store of objects would be one more implementation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hub.store.pack_faults import PackFaults
from hub.store.transaction import Transaction


class FoundPicture(Protocol):
    """A stored picture that can be read; `crc` where one was stored with it."""

    @property
    def size(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    @property
    def crc(self) -> int | None: ...

    @property
    def start(self) -> int:
        """The offset of its first byte in its pack; 0 where that has no meaning."""

    @property
    def place(self) -> str:
        """What has it, such as the name of a file, for sentences."""

    def is_whole(self) -> bool:
        """Whether all its bytes are there. Raises OSError."""

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the picture, fewer at its end. Raises OSError."""


class CapturePictures(Protocol):
    """Pictures of captures, each on its own under a name that is used once. Methods run on native threads."""

    grown: int  # bytes that were written since the start, without those that were removed

    def prepare(self) -> None:
        """Make it ready at the start. Raises OSError."""

    def put(self, transaction: Transaction, tag: str, kind: str, milliseconds: int, suffix: str, data: bytes) -> str:
        """Store a picture under the first free name at or after `milliseconds`; the name.

        Durable with the commit of `transaction`, whose failure removes it. The same picture has the same name.
        """

    def put_undecodable(self, transaction: Transaction, data: bytes) -> None:
        """Keep bytes that are not a picture; they are never served."""

    def remove(self, transaction: Transaction, name: str) -> None:
        """Delete a picture that no row names any more. Raises OSError."""

    def tidy(self) -> None:
        """Give back what removed pictures have left. Raises OSError."""

    def size_on_disk(self) -> int:
        """Bytes of all of them, 0 where they are a part of the database. Raises OSError."""

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of the names that no picture has. Raises OSError."""

    def locate(self, name: str) -> FoundPicture | None:
        """The picture of this name, or None. Raises OSError."""


class RecordPictures(Protocol):
    """Pictures of camera records, those of a time together under a number: a pack. Methods run on native threads."""

    faults: PackFaults
    can_thin: bool  # whether `thin` gives space back

    def prepare(self) -> None:
        """Make it ready at the start. Raises OSError."""

    @property
    def newest(self) -> int:
        """The first number that may still get pictures."""

    def put_all(self, transaction: Transaction, pictures: Sequence[tuple[bytes, str]]) -> list[str]:
        """Store pictures, given as (bytes, suffix), durable with the commit of `transaction`; their names."""

    def locate(self, name: str, raw: bool = False) -> FoundPicture | None:
        """The picture of this name, or None; bytes that are not a picture only with `raw`. Raises OSError."""

    def numbers(self) -> set[int]:
        """The packs that there are. Raises OSError."""

    def size_on_disk(self) -> int:
        """Bytes of all packs, 0 where they are a part of the database. Raises OSError."""

    def allocated(self, number: int) -> int:
        """Bytes of a pack; 0 where there is none. Raises OSError."""

    def remove(self, number: int) -> None:
        """Delete a pack that no record names any more. Raises OSError."""

    def thin(self, number: int, ranges: Iterable[tuple[int, int]]) -> None:
        """Keep only these ranges (start, length) of a pack. Raises OSError."""

    def close(self) -> None:
        """End its use."""
