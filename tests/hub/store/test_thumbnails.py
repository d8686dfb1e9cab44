"""Thumbnails: small JPEGs of stored pictures, made once, swept with their pictures, and never of a bomb."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from hub.contract.errors import NotFound
from hub.runtime.lanes import Lanes
from hub.store.examine import DecodeLimits
from hub.store.images import ImageStore
from hub.store.packs import PackStore
from hub.store.picture_files import PictureFiles
from hub.store.thumbnails import NoThumbnail, Thumbnails
from hub.store.transaction import Transaction


def noise(width: int, height: int, kind: str = "JPEG", **more: object) -> bytes:
    made = io.BytesIO()
    small = Image.frombytes("RGB", (width // 8, height // 8), os.urandom(width // 8 * (height // 8) * 3))
    small.resize((width, height)).save(made, kind, **more)
    return made.getvalue()


class Stored:
    def __init__(self, folder: Path, max_bytes: int = 10_000_000) -> None:
        self.images, self.packs, self.lanes = ImageStore(folder / "images"), PackStore(folder / "packs"), Lanes()
        self.images.prepare()
        self.packs.prepare()
        files = PictureFiles(self.images, self.packs, self.lanes.files)
        limits = DecodeLimits(megapixels=20)
        self.thumbnails = Thumbnails(
            folder / "thumbnails", self.images, self.packs, files, self.lanes, limits, max_bytes
        )
        self.thumbnails.prepare()

    def put(self, data: bytes, milliseconds: int = 1, suffix: str = ".jpg") -> str:
        return self.images.put(Transaction(None), "T", "primary", milliseconds, suffix, data)

    def kept(self) -> set[str]:
        return {path.name for path in self.thumbnails.folder.iterdir()}


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    made = Stored(tmp_path)
    yield made
    made.packs.close()
    made.lanes.close()


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        return image.size


def test_a_picture_becomes_a_few_kb_once(stored: Stored) -> None:
    name = stored.put(noise(1920, 1080))
    small = stored.thumbnails.get(name)
    assert size_of(small) == (320, 180) and len(small) < 16_000
    assert stored.thumbnails.get(name) == small and stored.thumbnails.made == 1 and stored.kept() == {name}


def test_pictures_of_packs_and_of_every_kind(stored: Stored) -> None:
    transaction = Transaction(None)  # type: ignore[arg-type]
    (packed,) = stored.packs.put_all(transaction, [(noise(640, 480), ".jpg")])
    assert size_of(stored.thumbnails.get(packed)) == (320, 240)
    for suffix, kind in ((".png", "PNG"), (".webp", "WEBP"), (".gif", "GIF"), (".bmp", "BMP")):
        name = stored.put(noise(640, 480, kind), suffix=suffix)
        assert size_of(stored.thumbnails.get(name)) == (320, 240)


def test_it_is_upright_and_says_nothing_of_the_camera(stored: Stored) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"  # lies on its side
    small = stored.thumbnails.get(stored.put(noise(1600, 800, exif=exif)))
    assert size_of(small) == (120, 240) and b"maker" not in small


def test_what_is_transparent_is_white(stored: Stored) -> None:
    made = io.BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(made, "PNG")
    with Image.open(io.BytesIO(stored.thumbnails.get(stored.put(made.getvalue(), suffix=".png")))) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


def test_a_bomb_and_a_broken_picture_are_refused_with_a_sentence(stored: Stored) -> None:
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    with pytest.raises(NoThumbnail, match="400000000|20000 x 20000"):
        stored.thumbnails.get(stored.put(made.getvalue(), suffix=".png"))
    with pytest.raises(NoThumbnail, match="cannot be shown small"):
        stored.thumbnails.get(stored.put(b"\xff\xd8\xff" + bytes(500), 5))
    assert stored.kept() == set() and stored.thumbnails.refused == 2


@pytest.mark.parametrize("name", ["T_primary_9.jpg", "../hub.db", "x.part", "k000009-0-00000000.jpg", ""])
def test_a_missing_picture_is_not_found(stored: Stored, name: str) -> None:
    with pytest.raises(NotFound):
        stored.thumbnails.get(name)


def test_a_thumbnail_goes_with_its_picture(stored: Stored) -> None:
    first, second = stored.put(noise(400, 400), 1), stored.put(noise(400, 400), 2)
    for name in (first, second):
        stored.thumbnails.get(name)
    stored.images.remove(Transaction(None), first)
    with pytest.raises(NotFound):
        stored.thumbnails.get(first)
    stored.images.remove(Transaction(None), second)
    (stored.thumbnails.folder / "left.part").write_bytes(b"x")
    stored.thumbnails.sweep()
    assert stored.kept() == set()


def test_the_folder_is_bounded(tmp_path: Path) -> None:
    stored = Stored(tmp_path, 60_000)
    for number in range(20):
        stored.thumbnails.get(stored.put(noise(640, 640), number))
    assert sum(path.stat().st_size for path in stored.thumbnails.folder.iterdir()) <= 60_000
    stored.lanes.close()
