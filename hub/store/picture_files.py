"""Stored pictures as streams, read in pieces off the event loop: slow readers hold little memory and no file."""

from __future__ import annotations

import logging
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from hub.contract.errors import Unavailable
from hub.runtime.lanes import Lane
from hub.store.packs import NAME
from hub.store.picture_store import CapturePictures, FoundPicture, RecordPictures

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PIECE_BYTES = 96 * 1024  # a multiple of three: base64 of a piece has no padding
WHOLE_BYTES = 1024 * 1024  # up to this size the checksum is verified before the first byte is sent
WARN_SECONDS = 3600.0  # how long the status page shows a failure
LOG_SECONDS = 60.0
RETRY_SECONDS = 5


class PictureUnavailable(Unavailable):
    """A picture exists and cannot be read now (503)."""


class CorruptPicture(Exception):
    """The bytes of a picture are not those that were stored."""


@dataclass
class Failure:
    """What could not be read: how often, when it was last and why."""

    count: int = 0
    last: float = 0.0
    reason: str = ""
    logged: float = -LOG_SECONDS  # monotonic

    def add(self, reason: str, text: str) -> None:
        """Count a failure and log it, at most once in LOG_SECONDS."""
        self.count, self.last, self.reason = self.count + 1, time.monotonic(), reason
        if self.last - self.logged >= LOG_SECONDS:
            self.logged = self.last
            log.warning("%s (%s); %d since the start.", text, reason, self.count)

    @property
    def recent(self) -> bool:
        return self.count > 0 and time.monotonic() - self.last < WARN_SECONDS


class PictureFiles:
    """The pictures of captures and of camera records by name."""

    def __init__(self, images: CapturePictures, packs: RecordPictures, lane: Lane) -> None:
        self._images, self._packs, self._lane = images, packs, lane
        self.unreadable, self.corrupt = Failure(), Failure()

    def open(self, name: str, raw: bool = False) -> PictureStream | None:
        """A picture, or None where there is none of this name. Raises PictureUnavailable or LaneBusy.

        raw: also bytes that are not a picture (`.bin`).
        """
        with self._lane.admitted():
            return self.reopen(name, raw)

    def reopen(self, name: str, raw: bool = False) -> PictureStream | None:
        """Like `open`, for one more picture of an answer that has begun: it is not refused as busy."""
        try:
            found = self._step(self._begin, name, raw)
        except CorruptPicture:
            self.corrupt.add(name, "A stored picture is corrupt and is not sent")
            return None
        return None if found is None else PictureStream(self, name, *found)

    def _begin(self, name: str, raw: bool) -> tuple[FoundPicture, bytes] | None:
        """On a native thread: where a picture is, and its first piece. A small one is verified: CorruptPicture."""
        stored = self._packs.locate(name, raw) if NAME.fullmatch(name) else self._images.locate(name)
        if stored is None:
            return None
        verified = stored.size <= WHOLE_BYTES and stored.crc is not None
        try:
            data = stored.read(0, stored.size if verified else PIECE_BYTES)
            cut_off = not stored.is_whole()
        except FileNotFoundError:  # deleted since
            return None
        if cut_off or (verified and zlib.crc32(data) != stored.crc):
            self.report_corrupt(stored, name)
            raise CorruptPicture(name)
        return stored, data[:PIECE_BYTES]

    def report_corrupt(self, stored: FoundPicture, name: str) -> None:
        """Count the damage of a pack."""
        if stored.crc is not None:
            self._packs.faults.report_corrupt(stored.place, f"the picture {name} has other bytes than were stored")

    def piece(self, stored: FoundPicture, offset: int) -> bytes:
        """Bytes of a picture from `offset` on, PIECE_BYTES at most. Raises PictureUnavailable."""
        return self._step(stored.read, offset, PIECE_BYTES)

    def _step(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return self._lane.resume(function, *args, **kwargs)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            self.unreadable.add(reason, "A stored picture cannot be read")
            raise PictureUnavailable(
                f"The picture cannot be read now ({reason}). Try again in a few seconds.", retry_after=RETRY_SECONDS
            ) from error

    def warnings(self) -> list[str]:
        """Sentences for the operator about pictures that could not be read in the last hour."""
        found = []
        if self.unreadable.recent:
            found.append(
                f"{self.unreadable.count} times a stored picture could not be read, last: {self.unreadable.reason}. "
                "Check the disk, and how many files are open."
            )
        if self.corrupt.recent:
            found.append(
                f"{self.corrupt.count} times a stored picture was corrupt and not sent, last {self.corrupt.reason}. "
                "Check the disk; a backup may have the picture."
            )
        return found

    def status(self) -> dict[str, int]:
        """For the status page."""
        return {"unreadable": self.unreadable.count, "corrupt": self.corrupt.count}


class PictureStream:
    """The bytes of a picture in pieces, an iterator that can be set to another position (for Range requests)."""

    def __init__(self, files: PictureFiles, name: str, stored: FoundPicture, first: bytes) -> None:
        self._files, self._name, self._stored, self._first = files, name, stored, first
        self._position = 0
        self._crc: int | None = 0 if stored.crc is not None and stored.size > WHOLE_BYTES else None
        self.size, self.content_type = stored.size, stored.content_type

    def whole(self) -> bytes | None:
        """All bytes, where they are in memory already."""
        return self._first if len(self._first) == self.size else None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._position >= self.size:
            raise StopIteration
        first, self._first = self._first, b""
        data = first if first and not self._position else self._files.piece(self._stored, self._position)
        self._position += len(data)
        if self._crc is not None:
            self._crc = zlib.crc32(data, self._crc)
        corrupt = self._position == self.size and self._crc is not None and self._crc != self._stored.crc
        if corrupt or not data:
            self._files.report_corrupt(self._stored, self._name)
            self._files.corrupt.add(self._name, "A stored picture is corrupt; its transfer was broken off")
            raise CorruptPicture(f"The picture {self._name} is corrupt.")
        return data

    def seekable(self) -> bool:
        return True

    def seek(self, position: int) -> None:
        """Go on from `position`; the checksum of a part cannot be verified."""
        if position != self._position:
            self._position, self._crc = position, None

    def tell(self) -> int:
        return self._position
