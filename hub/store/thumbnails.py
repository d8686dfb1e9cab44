"""Thumbnails of stored pictures: made when one is first asked for, kept in a bounded folder under the picture's name.

They can be made again at any time: nothing of them is flushed to disk or backed up, and the folder may be deleted.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hub.contract.errors import NotFound, RequestError
from hub.runtime.durable_file import make_folder
from hub.runtime.lanes import Lanes
from hub.store.examine import DecodeLimits
from hub.store.examiner import is_large
from hub.store.images import NAME
from hub.store.packs import NAME as PACK_NAME
from hub.store.packs import pack_of
from hub.store.picture_files import CorruptPicture, PictureFiles
from hub.store.picture_store import CapturePictures, RecordPictures
from hub.store.pictures import Head, PictureError
from hub.store.reduce import head_of, reduce

log = logging.getLogger(__name__)

KEPT_SHARE = 0.9  # of the folder's limit, after the oldest were deleted
PART = ".part"


class NoThumbnail(RequestError):
    """A stored picture cannot be made small (422)."""

    default_status = 422


class Thumbnails:
    """`get()` a thumbnail as JPEG bytes; `sweep()` those whose picture was deleted, and the oldest over `max_bytes`."""

    def __init__(
        self,
        folder: Path,
        images: CapturePictures,
        packs: RecordPictures,
        files: PictureFiles,
        lanes: Lanes,
        limits: DecodeLimits,
        max_bytes: int,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`has_room`: whether the disk has room for files that are not needed."""
        self.folder, self._images, self._packs, self._files = folder, images, packs, files
        self._lanes, self._limits, self._max_bytes, self._has_room = lanes, limits, max_bytes, has_room
        self._bytes = 0  # of the folder, as far as it is known
        self.made = self.refused = 0

    def prepare(self) -> None:
        """Create the folder. Raises OSError."""
        make_folder(self.folder)

    def get(self, name: str) -> bytes:
        """The thumbnail of a stored picture. Raises NotFound, NoThumbnail, PictureUnavailable or LaneBusy."""
        if not NAME.fullmatch(name) and not PACK_NAME.fullmatch(name):
            raise NotFound("There is no picture of this name.")
        kept = self._lanes.files.run(self._kept, name)
        return kept if kept is not None else self._make(name)

    def _kept(self, name: str) -> bytes | None:
        """On a native thread: the thumbnail that was made before; it goes where its picture is gone."""
        path = self.folder / name
        try:
            data = path.read_bytes()
        except OSError:  # missing as a rule; one that cannot be read is made again
            return None
        if not data or not self._exists(name):
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        return data

    def _exists(self, name: str) -> bool:
        return (self._packs.locate(name) if pack_of(name) else self._images.locate(name)) is not None

    def _make(self, name: str) -> bytes:
        found = self._files.open(name)
        if found is None:
            raise NotFound("There is no picture of this name.")
        lane = self._lanes.thumbnails
        with lane.admitted(found.size):
            kept = lane.resume(self._kept, name)  # somebody else may have asked for it meanwhile
            if kept is not None:
                return kept
            try:
                data = b"".join(found)
                head: Head = lane.resume(head_of, data, self._limits)
                if is_large(head):
                    with self._lanes.large_pictures.admitted(len(data)):
                        made = self._lanes.large_pictures.resume(reduce, data, head)
                else:
                    made = lane.resume(reduce, data, head)
            except (PictureError, CorruptPicture) as error:
                self.refused += 1
                reason = error if isinstance(error, PictureError) else "is corrupt"
                raise NoThumbnail(f"The picture {name} cannot be shown small: it {reason}.") from error
            self.made += 1
            if self._has_room():
                lane.resume(self._keep, name, made)
        return made

    def _keep(self, name: str, data: bytes) -> None:
        """On a native thread: write a thumbnail, which is used without its file where that fails."""
        try:
            handle, part = tempfile.mkstemp(suffix=PART, dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(part, self.folder / name)
            except OSError:
                Path(part).unlink(missing_ok=True)
                raise
        except OSError as error:
            log.debug("The thumbnail of %s was not kept: %s", name, error)
            return
        self._bytes += len(data)
        if self._bytes > self._max_bytes:
            self._shrink()

    def sweep(self) -> None:
        """Delete the thumbnails of deleted pictures, what an interrupted write left, and the oldest over the limit."""
        self._lanes.upkeep.run(self._sweep)

    def _sweep(self) -> None:
        packs, names = self._packs.numbers(), os.listdir(self.folder)
        gone = self._images.missing([name for name in names if not pack_of(name)])
        for name in names:
            number = pack_of(name)
            if number not in packs if number else name in gone:
                with suppress(OSError):
                    os.unlink(self.folder / name)
        self._shrink()

    def _shrink(self) -> None:
        """Count the folder, and delete the oldest files where it has more than its limit."""
        files: list[tuple[float, int, str]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    state = entry.stat()
                    files.append((state.st_mtime, state.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        if total > self._max_bytes:
            for _, size, path in sorted(files):
                if total <= self._max_bytes * KEPT_SHARE:
                    break
                with suppress(OSError):
                    os.unlink(path)
                    total -= size
        self._bytes = total

    def status(self) -> dict[str, int]:
        """For the status page."""
        return {"bytes": self._bytes, "made": self.made, "not_made": self.refused}
