"""Picture files of the instance folder: durable writes under names of the hub, safe reads by name."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from hub.runtime.durable_file import make_folder, sync_folder
from hub.store.pictures import TYPES, StoredPicture
from hub.store.transaction import Transaction

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,150}\.(?:jpg|png|webp|gif|bmp)")
MAX_TAG = 64


def picture_name(tag: str, kind: str, milliseconds: int, suffix: str) -> str:
    """`{TAG}_{primary|secondary|label}_{epoch milliseconds}.jpg` (docs/wire/station.md).

    The tag is reduced to letters, digits and '-'.
    """
    safe = re.sub(r"[^A-Za-z0-9-]", "", tag)[:MAX_TAG].lstrip("-") or "NOTAG"
    return f"{safe}_{kind}_{milliseconds}{suffix}"


class ImageStore:
    """One flat folder of pictures. A name is used once and its content never changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.undecodable_folder = folder / "unread"
        self.grown = 0  # bytes of the files that were written since the start, without those that were removed

    def prepare(self) -> None:
        """Create the folders and delete what an interrupted write left."""
        make_folder(self.folder)
        make_folder(self.undecodable_folder)
        for folder in (self.folder, self.undecodable_folder):
            for part in folder.glob("*.part"):
                part.unlink(missing_ok=True)

    def put(self, transaction: Transaction, tag: str, kind: str, milliseconds: int, suffix: str, data: bytes) -> str:
        """Write a picture under the first free name at or after `milliseconds`; the name.

        Durable with the commit of `transaction`. Raises OSError. The same bytes under the same name count as written: a
        failed commit left them.
        """
        transaction.before_commit["images"] = self.sync
        while True:
            path = self.folder / picture_name(tag, kind, milliseconds, suffix)
            if not path.exists():
                self._write(path, data)
                transaction.on_failure.append(partial(path.unlink, missing_ok=True))
                return path.name
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                return path.name
            milliseconds += 1

    def put_undecodable(self, transaction: Transaction, data: bytes) -> None:
        """Keep bytes that are not a picture, named by their digest; they are never served."""
        transaction.before_commit["images"] = self.sync
        path = self.undecodable_folder / f"{hashlib.sha256(data).hexdigest()[:32]}.bin"
        if not path.exists():
            self._write(path, data)

    def _write(self, path: Path, data: bytes) -> Path:
        handle, part = tempfile.mkstemp(suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError:
            Path(part).unlink(missing_ok=True)
            raise
        self.grown += len(data)
        return path

    def remove(self, transaction: Transaction, name: str) -> None:
        """Delete a picture that no row names any more; nothing of `transaction` brings it back. Raises OSError."""
        found = self.locate(name)
        if found is not None:
            found.path.unlink(missing_ok=True)
            self.grown -= found.size

    def tidy(self) -> None:
        """A file that is removed leaves nothing."""

    def size_on_disk(self) -> int:
        """Bytes of every file of the folder; reads all its entries. Raises OSError."""
        total = 0
        for folder in (self.folder, self.undecodable_folder):
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        total += entry.stat().st_size if entry.is_file() else 0
        return total

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of the names that no picture has."""
        return {name for name in names if not (self.folder / name).is_file()}

    def sync(self) -> None:
        """Make the names of new files durable. Raises OSError."""
        for folder in (self.folder, self.undecodable_folder):
            sync_folder(folder)

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Bytes and content type of a stored picture, or None. Raises OSError."""
        found = self.locate(name)
        return None if found is None else (found.read(0, found.size), found.content_type)

    def locate(self, name: str) -> StoredPicture | None:
        """Where a picture is, or None. Only names that the hub makes are looked up. Raises OSError."""
        if not NAME.fullmatch(name):
            return None
        path = self.folder / name
        try:
            state = path.stat()
        except FileNotFoundError:
            return None
        return StoredPicture(path, 0, state.st_size, TYPES[path.suffix]) if stat.S_ISREG(state.st_mode) else None
