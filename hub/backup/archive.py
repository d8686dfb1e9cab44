"""The file of a backup: an uncompressed tar with a head, the files, and a manifest of their sizes and SHA-256.

    backup.json      the head: version, schema revision, time, place of the manifest; HEAD_BYTES long, filled in last
    hub.db, ...      the files, under their names in the instance folder
    MANIFEST.sha256  a line for each file, in their order, as `sha256sum` writes and checks it

While it is written it is NAME.part. The head says that the backup is complete, and how long it is, only after
everything else is on the disk; then the file gets its name. So a half-written or cut file is never taken for a backup.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from hub.backup.errors import ArchiveDamaged, BackupError

FORMAT = 1
SUFFIX = ".tar"
HEAD_NAME, MANIFEST_NAME = "backup.json", "MANIFEST.sha256"
BLOCK = tarfile.BLOCKSIZE
HEAD_BYTES = 64 * BLOCK
MAX_NOTES, MAX_NOTE = 20, 200  # characters, of up to six bytes each in the head
LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)\n?")
ABOUT = (
    "A backup of Gatehouse: database, pictures, settings and SECRETS (keys, tokens, password digests). Keep it where "
    "only you can read it. To put it back: stop the hub, then python app.py restore FILE"
)


@dataclass(frozen=True)
class Head:
    """What a backup says of itself. Sizes are bytes, `made_at` is epoch seconds in UTC."""

    made_at: float
    made: str  # the same as text
    revision: int  # of the schema
    host: str
    complete: bool = False
    size: int = 0  # of the whole file
    files: int = 0
    database_bytes: int = 0
    picture_bytes: int = 0
    manifest_at: int = 0  # where its bytes begin
    manifest_bytes: int = 0
    manifest_sha256: str = ""
    notes: list[str] = field(default_factory=list)  # what the operator should know: files that could not be read
    format: int = FORMAT
    about: str = ABOUT

    def encode(self) -> bytes:
        """HEAD_BYTES of JSON."""
        notes = [note[:MAX_NOTE] for note in self.notes[:MAX_NOTES]]
        text = json.dumps({**asdict(self), "notes": notes}, indent=1, ensure_ascii=True)
        return text.encode().ljust(HEAD_BYTES - 1) + b"\n"


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    name: str
    size: int
    file: IO[bytes]  # at its first byte


def read_head(path: Path) -> Head:
    """The head of a complete backup. Raises ArchiveDamaged, BackupError for one of a newer format, or OSError."""
    with open(path, "rb") as file:
        start = file.read(BLOCK + HEAD_BYTES)
        size = file.seek(0, 2)
    told = _told(start, path)
    if told.get("format") != FORMAT:
        raise BackupError(
            f"{path} was written by a newer version of Gatehouse (format {told.get('format')!r}); install that version."
        )
    try:
        head = Head(**{key: told[key] for key in Head.__dataclass_fields__})
    except KeyError as error:
        raise ArchiveDamaged(f"{path} is damaged: its head lacks {error}.") from error
    if head.complete is not True:
        raise ArchiveDamaged(f"{path} is only a part of a backup: it was never finished.")
    if head.size != size:
        raise ArchiveDamaged(f"{path} is only a part of a backup: it has {size} of {head.size} bytes.")
    numbers = (head.revision, head.manifest_at, head.manifest_bytes, head.files)
    if not all(type(number) is int and 0 <= number <= size for number in numbers):
        raise ArchiveDamaged(f"{path} is damaged: its head has impossible numbers.")
    return head


def _told(start: bytes, path: Path) -> dict[str, Any]:
    """The object of the head. Raises ArchiveDamaged."""
    try:
        info = tarfile.TarInfo.frombuf(start[:BLOCK], "utf-8", "surrogateescape")
        if info.name != HEAD_NAME or info.size != HEAD_BYTES or len(start) != BLOCK + HEAD_BYTES:
            raise ValueError(info.name)
        told = json.loads(start[BLOCK:])
        if not isinstance(told, dict):
            raise ValueError("no object")
    except (tarfile.TarError, ValueError, RecursionError) as error:
        raise ArchiveDamaged(f"{path} is not a backup of Gatehouse, or its first bytes are damaged.") from error
    return told


def entries(path: Path, head: Head) -> Iterator[tuple[Entry, str]]:
    """Every file of a backup in its order, each with the SHA-256 that the manifest says of it.

    The caller reads each to its end, or leaves it, before the next. Raises ArchiveDamaged or OSError.
    """
    _check_manifest(path, head)
    with open(path, "rb") as manifest, open(path, "rb") as file:
        manifest.seek(head.manifest_at)
        left = head.manifest_bytes
        for entry in _tar_entries(path, file):
            if entry.name == MANIFEST_NAME:
                if left:
                    raise ArchiveDamaged(f"{path} is damaged: files of its manifest are missing.")
                return
            line = manifest.readline(min(left, 4096))
            left -= len(line)
            match = LINE.fullmatch(line.decode("utf-8", "replace"))
            if match is None or match[2] != entry.name:
                raise ArchiveDamaged(
                    f"{path} is damaged: its manifest does not name {entry.name[:100]!r} in its place."
                )
            yield entry, match[1]
    raise ArchiveDamaged(f"{path} is damaged: it ends without its manifest.")


def _check_manifest(path: Path, head: Head) -> None:
    digest, left = hashlib.sha256(), head.manifest_bytes
    with open(path, "rb") as file:
        file.seek(head.manifest_at)
        while left and (data := file.read(min(left, 1 << 20))):
            digest.update(data)
            left -= len(data)
    if left or digest.hexdigest() != head.manifest_sha256:
        raise ArchiveDamaged(f"{path} is damaged: its manifest is not the one that was written.")


def _tar_entries(path: Path, file: IO[bytes]) -> Iterator[Entry]:
    """Every member behind the head, which is a regular file; nothing is kept of those that were read."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # a million pictures would stay in memory
                if info.name == HEAD_NAME:
                    continue
                if not info.isreg() or info.issparse():
                    raise ArchiveDamaged(f"{path} is damaged: {info.name[:100]!r} is not a plain file.")
                data = tar.extractfile(info)
                assert data is not None
                yield Entry(info.name, info.size, data)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise ArchiveDamaged(f"{path} is damaged: {error}.") from error
