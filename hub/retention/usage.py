"""The space that the hub's data takes: the database without its free pages, pictures of captures, packs."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from hub.retention.repository import RetentionRepository
from hub.runtime.lanes import Lane
from hub.store.packs import SUFFIX
from hub.store.picture_store import CapturePictures, RecordPictures
from hub.store.reader import Reader

MEASURE_SECONDS = 86_400.0  # between two readings of the whole picture folder; what is written meanwhile is added


@dataclass(frozen=True)
class Usage:
    """Bytes of each part."""

    database: int
    images: int
    packs: int

    @property
    def total(self) -> int:
        return self.database + self.images + self.packs


class UsageMeter:
    """`measure()` counts off the event loop. Free pages of the database are not counted: they are used again.

    Nor are pictures of expired records that still lie in a pack: they go with the rest of the pack.
    """

    def __init__(
        self,
        reader: Reader,
        repository: RetentionRepository,
        images: CapturePictures,
        packs: RecordPictures,
        lane: Lane,
    ) -> None:
        self._reader, self._repository, self._lane = reader, repository, lane
        self._images, self._packs = images, packs
        self._base = 0  # bytes of the picture folder, less what it had grown when it was read
        self._measured: float | None = None

    def measure(self) -> Usage:
        """The bytes now. Raises DatabaseError, LaneBusy or OSError."""
        if self._measured is None or monotonic() - self._measured > MEASURE_SECONDS:
            grown = self._images.grown
            self._base = self._lane.run(self._images.size_on_disk) - grown
            self._measured = monotonic()
        packs = self._lane.run(self._packs.size_on_disk)
        lost = self._repository.lost_bytes(SUFFIX)
        return Usage(self._reader.used_bytes(), max(0, self._base + self._images.grown), max(0, packs - lost))
