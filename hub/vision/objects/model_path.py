"""Where an operator's model is, and a name that identifies its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
DIGEST_DIGITS = 12
_CHUNK_BYTES = 1 << 20
_NAME_CHARACTERS = 60


def is_onnx(text: str) -> bool:
    """Whether a setting names an ONNX file."""
    return text.lower().endswith(".onnx")


def local_path(text: str) -> Path:
    """The path that a setting names; a relative one is relative to the folder of app.py."""
    return ROOT / Path(text).expanduser()


def digest(files: Iterable[Path], values: Any = None) -> str:
    """The first 12 hex digits of the SHA-256 of the files' contents and of `values` as JSON. Raises OSError."""
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                total.update(chunk)
    if values is not None:
        total.update(json.dumps(values).encode())
    return total.hexdigest()[:DIGEST_DIGITS]


def identity(runtime: str, name: str, fingerprint: str) -> str:
    """The name of a model: its runtime, its file or folder, and a digest of its weights.

    An embedding carries it, so that vectors of other weights are never compared with those of these.
    """
    clean = "".join(one if one.isascii() and (one.isalnum() or one in "._-/") else "_" for one in name)
    return f"{runtime}:{clean[-_NAME_CHARACTERS:]}:{fingerprint}"
