"""What the hub knows about pictures: kinds, names of types, what a head says, and the error of those not shown."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif", ".bmp": "image/bmp"}


@dataclass(frozen=True)
class Head:
    """What the first bytes say of a picture, and what it costs to check the rest."""

    kind: str  # a key of SUFFIXES
    width: int
    height: int
    memory: int  # bytes that the check holds beside the picture's own
    scans: int = 1  # passes over the picture: more than one in JPEG
    blocks: int = 0  # blocks of 8 x 8 values in all scans of a JPEG


@dataclass(frozen=True)
class Picture:
    """Bytes that decode to a picture."""

    data: bytes
    suffix: str
    width: int
    height: int


@dataclass(frozen=True)
class StoredPicture:
    """Where the bytes of a stored picture are; `crc` where one was stored with them."""

    path: Path
    start: int
    size: int
    content_type: str
    crc: int | None = None

    @property
    def place(self) -> str:
        """The name of the file that has it, for sentences."""
        return self.path.name

    def is_whole(self) -> bool:
        """Whether the file has not been cut off before the picture's end. Raises OSError."""
        return self.path.stat().st_size >= self.start + self.size

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the picture, fewer at its end. Raises OSError."""
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.start + offset)
            return file.read(max(0, min(size, self.size - offset)))


class PictureError(ValueError):
    """The bytes cannot be shown as a picture; the text names the reason."""


@contextmanager
def decoding() -> Iterator[None]:
    """Whatever a decoder raises inside the block as a PictureError; its warnings are not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PictureError:
        raise
    except Exception as error:  # a decoder fed with anything at all raises anything at all
        raise PictureError(f"cannot be decoded ({error})") from error
