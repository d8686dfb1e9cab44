"""Writes the file of a backup (`hub.backup.archive`), in small durable steps that leave the disk to the hub."""

from __future__ import annotations

import hashlib
import logging
import os
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from hub.backup.archive import BLOCK, HEAD_BYTES, HEAD_NAME, MANIFEST_NAME, Head
from hub.backup.pace import Pace
from hub.runtime.durable_file import sync_folder
from hub.store.sqlite.snapshot import flush

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024
FLUSH_BYTES = 4 * 1024 * 1024
SPOOL_BYTES = 8 * 1024 * 1024  # of the manifest in memory


class ArchiveWriter:
    """One backup that is being written. `finish` makes it one; `discard` removes it. Raises OSError.

    Only the user of the hub may read the file.
    """

    def __init__(self, path: Path, head: Head, pace: Pace) -> None:
        self.path, self._part = path, path.with_name(path.name + ".part")
        self._head, self._pace = head, pace
        self._part.unlink(missing_ok=True)
        handle = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._file = os.fdopen(handle, "w+b", buffering=0)
        self._flushed = 0
        self._manifest: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES, dir=str(path.parent))
        self.files = self.database_bytes = self.picture_bytes = 0
        self.notes: list[str] = []
        self._write(_tar_head(HEAD_NAME, HEAD_BYTES, head.made_at) + head.encode())

    def add(self, name: str, path: Path) -> int | None:
        """Add a file as long as it is now; its bytes. None: it was deleted, or cannot be opened.

        A part that cannot be read is filled with zeros and noted: the rest of the backup is worth having.
        """
        try:
            file = open(path, "rb", buffering=0)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            self.note(f"{name} could not be read ({error.strerror}) and is not in this backup.")
            return None
        with file:
            state = os.fstat(file.fileno())
            size = state.st_size
            self._write(_tar_head(name, size, state.st_mtime))
            digest = self._copy(name, file, size)
            self._write(bytes(-size % BLOCK))
            if size > PIECE_BYTES:
                _leave_cache(file.fileno())
        self._manifest.write(f"{digest}  {name}\n".encode())
        self.files += 1
        return size

    def _copy(self, name: str, file: IO[bytes], size: int) -> str:
        """Copy `size` bytes; their SHA-256. Fewer are filled with zeros: the end of a pack may be taken back."""
        digest, left = hashlib.sha256(), size
        while left:
            try:
                data = file.read(min(left, PIECE_BYTES))
            except OSError as error:
                self.note(f"{name} could not be read to its end ({error.strerror}); check the disk.")
                data = b""
            if not data:
                data = bytes(min(left, PIECE_BYTES))
                if not self.notes or not self.notes[-1].startswith(name):
                    self.note(f"{name} became shorter while it was copied; its end is filled with zeros.")
                file.seek(size - left + len(data))
            digest.update(data)
            self._write(data)
            left -= len(data)
            self._pace.count(len(data))
        return digest.hexdigest()

    def note(self, text: str) -> None:
        """Add a sentence for the operator."""
        self.notes.append(text)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        if self._file.tell() - self._flushed >= FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Write to the disk now: much at once would delay the commits of the hub."""
        flush(self._file.fileno())
        _leave_cache(self._file.fileno())
        self._flushed = self._file.tell()

    def finish(self, revision: int) -> Head:
        """Write the manifest, then the head, then give the file its name; its head."""
        digest, size = hashlib.sha256(), self._manifest.tell()
        self._write(_tar_head(MANIFEST_NAME, size, self._head.made_at))
        place = self._file.tell()
        self._manifest.seek(0)
        while data := self._manifest.read(PIECE_BYTES):
            digest.update(data)
            self._write(data)
        self._manifest.close()
        self._write(bytes(-size % BLOCK + 2 * BLOCK))
        os.fsync(self._file.fileno())
        head = replace(
            self._head,
            complete=True,
            size=self._file.tell(),
            revision=revision,
            files=self.files,
            database_bytes=self.database_bytes,
            picture_bytes=self.picture_bytes,
            manifest_at=place,
            manifest_bytes=size,
            manifest_sha256=digest.hexdigest(),
            notes=self.notes,
        )
        self._file.seek(BLOCK)
        self._write(head.encode())
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._part, self.path)
        sync_folder(self.path.parent)
        return head

    def discard(self) -> None:
        """Remove what was written of a backup that is not finished."""
        self._manifest.close()
        self._file.close()
        with suppress(FileNotFoundError):
            self._part.unlink()


def _tar_head(name: str, size: int, modified: float) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(modified)
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _leave_cache(handle: int) -> None:
    """Tell the system that these pages are not needed again: gigabytes of them would displace the database's."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
