"""Stored pictures as streams: pieces, positions, and what happens to corrupt ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.runtime.lanes import Lane, LaneBusy
from hub.store.images import ImageStore
from hub.store.packs import PackStore
from hub.store.picture_files import PIECE_BYTES, CorruptPicture, PictureFiles
from hub.store.transaction import Transaction
from tests.support.lpr import PICTURE

LARGE = PICTURE + os.urandom(3_000_000)


class Stored:
    """Both stores in a folder, with pictures of several sizes."""

    def __init__(self, folder: Path) -> None:
        self.images, self.packs = ImageStore(folder / "images"), PackStore(folder / "packs")
        self.images.prepare()
        self.packs.prepare()
        self.lane = Lane("stored pictures", 2, 10)
        self.files = PictureFiles(self.images, self.packs, self.lane)
        transaction = Transaction(None)  # type: ignore[arg-type]
        self.small, self.middle, self.large = self.packs.put_all(
            transaction, [(PICTURE, ".jpg"), (LARGE[:500_000], ".jpg"), (LARGE, ".jpg")]
        )
        self.image = self.images.put(Transaction(None), "T", "primary", 1, ".jpg", LARGE)

    def spoil(self, name: str, from_end: int) -> None:
        """Change a byte of a picture, counted from its end."""
        found = self.packs.locate(name)
        assert found is not None
        with open(found.path, "r+b") as file:
            file.seek(found.start + found.size - from_end)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    made = Stored(tmp_path)
    yield made
    made.packs.close()
    made.lane.close()


def test_pictures_come_in_pieces(stored: Stored) -> None:
    for name, data in ((stored.small, PICTURE), (stored.middle, LARGE[:500_000]), (stored.image, LARGE)):
        found = stored.files.open(name)
        assert found is not None and found.size == len(data) and found.content_type == "image/jpeg"
        pieces = list(found)
        assert b"".join(pieces) == data and max(len(piece) for piece in pieces) <= PIECE_BYTES
    small = stored.files.open(stored.small)
    assert small is not None and small.whole() == PICTURE
    assert stored.files.open("nothing.jpg") is None and stored.files.open("../hub.db") is None
    assert stored.files.open("k000009-0-00000000.jpg") is None
    assert stored.lane.status()["pending"] == 0


def test_a_stream_goes_on_from_any_position(stored: Stored) -> None:
    for position in (0, 1, PIECE_BYTES, 2_999_999, len(LARGE)):
        found = stored.files.open(stored.large)
        assert found is not None and found.seekable()
        found.seek(position)
        assert found.tell() == position and b"".join(found) == LARGE[position:]


def test_corrupt_pictures_are_not_sent_and_are_mentioned(stored: Stored, caplog: pytest.LogCaptureFixture) -> None:
    stored.spoil(stored.middle, 10)
    assert stored.files.open(stored.middle) is None
    assert stored.files.warnings() and stored.middle in stored.files.warnings()[0]
    stored.spoil(stored.large, 10)
    found = stored.files.open(stored.large)
    assert found is not None
    received = 0
    with pytest.raises(CorruptPicture):
        for piece in found:
            received += len(piece)
    assert received < len(LARGE), "the reader sees that it is not whole"
    assert stored.files.status() == {"unreadable": 0, "corrupt": 2}
    assert sum("corrupt" in record.message for record in caplog.records) == 1


def test_a_picture_that_is_cut_off(stored: Stored) -> None:
    found = stored.packs.locate(stored.large)
    assert found is not None
    stream = stored.files.open(stored.large)
    assert stream is not None
    os.truncate(found.path, found.start + 1_000_000)
    with pytest.raises(CorruptPicture):
        list(stream)
    assert stored.files.open(stored.large) is None
    os.unlink(found.path)
    assert stored.files.open(stored.large) is None


def test_a_full_lane_refuses_what_begins_and_not_what_goes_on(stored: Stored) -> None:
    lane = Lane("stored pictures", 1, 1)
    files = PictureFiles(stored.images, stored.packs, lane)
    found = files.open(stored.large)
    assert found is not None
    with lane.admitted():
        with pytest.raises(LaneBusy):
            files.open(stored.small)
        assert b"".join(found) == LARGE
    assert lane.status()["refused"] == 1
    lane.close()
