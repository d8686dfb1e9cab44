"""A ZIP that is the same, byte for byte, whenever it is made from the same files: sorted, dated by the commit."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
COMPRESSED = (".whl", ".zip", ".png", ".jpg")  # already, so they are stored as they are
MANIFEST = "MANIFEST.json"


def write(target: BinaryIO, top: str, files: dict[str, bytes | Path], seconds: int, about: dict[str, object]) -> None:
    """Write the files below the folder `top`, and MANIFEST.json with `about` and the SHA-256 of each of them.

    `seconds` is the time of every file, in epoch seconds.
    """
    date = time.gmtime(max(seconds, 315532800))[:6]  # a ZIP knows no time before 1980
    digests: dict[str, str] = {}
    with zipfile.ZipFile(target, "w", allowZip64=True) as archive:
        for name in sorted(files):
            digests[name] = _add(archive, f"{top}/{name}", files[name], date)
        manifest = {**about, "files": digests}
        _add(archive, f"{top}/{MANIFEST}", (json.dumps(manifest, indent=1) + "\n").encode(), date)


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path, date: tuple[int, ...]) -> str:
    """Add one file; its SHA-256."""
    entry = zipfile.ZipInfo(name, date)  # type: ignore[arg-type]
    entry.create_system = 3  # Unix, whatever this machine is: the mode below belongs to it
    entry.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(COMPRESSED) else zipfile.ZIP_DEFLATED
    digest = hashlib.sha256()
    if isinstance(content, bytes):
        digest.update(content)
        archive.writestr(entry, content, compresslevel=6)
        return digest.hexdigest()
    entry.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(entry, "w", force_zip64=entry.file_size > 1 << 31) as packed:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            packed.write(chunk)
    return digest.hexdigest()
