"""Packs that another program changes while the hub runs, and packs that are damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.pack_writer import HEADER, PackWriter
from hub.store.packs import PackStore
from tests.hub.store.test_packs import _Commit
from tests.support.lpr import PICTURE


def put(packs: PackStore, *pictures: bytes) -> list[str]:
    """One commit of these pictures."""
    commit = _Commit()
    names = packs.put_all(commit.transaction, [(data, ".jpg") for data in pictures])
    commit.commit()
    return names


@pytest.fixture
def packs(tmp_path: Path) -> Iterator[PackStore]:
    store = PackStore(tmp_path / "pictures")
    store.prepare()
    yield store
    store.close()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_nothing(path: Path) -> None:
    part = path.with_suffix(".x")
    part.write_bytes(b"")
    os.replace(part, path)


def replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".x"))
    os.replace(path.with_suffix(".x"), path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"of another program")


@pytest.mark.parametrize(
    ("change", "how", "lost"),
    [
        (cut, "was cut", 1),
        (empty, "was cut", 3),
        (Path.unlink, "was removed", 3),
        (replace_by_nothing, "was replaced", 3),
        (replace_by_a_copy, "was replaced", 0),
        (append, "was appended to by another program", 0),
    ],
)
def test_a_changed_pack_is_reported_and_not_appended_to(
    packs: PackStore, caplog: pytest.LogCaptureFixture, change, how: str, lost: int
) -> None:
    pictures = [PICTURE + bytes([number]) for number in range(4)]
    names = put(packs, *pictures[:2]) + put(packs, pictures[2])
    change(packs.path(1))
    (later,) = put(packs, pictures[3])
    assert later.startswith("k000002-") and packs.read(later) == (pictures[3], "image/jpeg")
    kept = [packs.read(name) is not None for name in names]
    assert kept == [True] * (3 - lost) + [False] * lost
    assert f"000001.pack {how}" in caplog.text and f"{lost} pictures of stored records are lost" in caplog.text
    status = packs.faults.status()
    assert status["replaced"] == ["000001.pack"] and status["lost_pictures"] == lost
    assert "000001.pack" in packs.faults.warnings()[0] and "backup" in packs.faults.warnings()[0]
    assert put(packs, PICTURE)[0].startswith("k000002-") and len(packs.faults.replaced) == 1


def test_pictures_of_an_earlier_run_are_counted_too(packs: PackStore, tmp_path: Path) -> None:
    put(packs, PICTURE, PICTURE)
    packs.close()
    again = PackStore(tmp_path / "pictures")
    again.prepare()
    assert put(again, PICTURE)[0].startswith("k000001-")
    again.path(1).unlink()
    put(again, PICTURE)
    assert again.faults.lost_pictures == 3
    again.close()


def test_a_pack_that_is_changed_amid_a_commit_fails_the_commit(packs: PackStore) -> None:
    put(packs, PICTURE)
    commit = _Commit()
    packs.put_all(commit.transaction, [(PICTURE, ".jpg")])
    cut(packs.path(1))
    with pytest.raises(OSError, match="was cut"):
        commit.commit()
    commit.fail()
    again = _Commit()
    packs.put_all(again.transaction, [(PICTURE, ".jpg")])
    packs.path(2).unlink()
    with pytest.raises(OSError, match="was removed"):
        packs.put_all(again.transaction, [(PICTURE, ".jpg")])
    again.fail()
    (name,) = put(packs, PICTURE)
    assert name.startswith("k000003-") and packs.read(name) is not None


def test_a_pack_that_cannot_be_cut_back_is_not_appended_to(packs: PackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(packs, PICTURE)
    commit = _Commit()
    packs.put_all(commit.transaction, [(PICTURE, ".jpg")])

    def broken(pack: PackWriter, end: int, pictures: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(PackWriter, "cut", broken)
        with pytest.raises(OSError, match="Input/output"):
            commit.fail()
    (name,) = put(packs, PICTURE)
    assert name.startswith("k000002-") and packs.read(name) is not None


def test_damaged_pictures_are_counted_and_each_pack_logged_once(
    packs: PackStore, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third, fourth = put(packs, *(PICTURE + bytes([number]) for number in range(4)))
    size = HEADER.size + len(PICTURE) + 1
    content = bytearray(packs.path(1).read_bytes())
    content[size - 1] ^= 1  # a byte of the first picture
    content[size : size + 4] = bytes(4)  # the second header
    content[2 * size + 4 : 2 * size + 8] = b"\xff" * 4  # the length of the third
    packs.path(1).write_bytes(content)
    assert [packs.read(name) for name in (first, second, third)] == [None] * 3
    assert packs.read(fourth) == (PICTURE + b"\x03", "image/jpeg")
    assert caplog.text.count("000001.pack is damaged") == 1
    assert packs.faults.status()["unreadable_pictures"] == 3 and packs.faults.status()["corrupt"] == 1
    assert "000001.pack" in packs.faults.warnings()[0] and "3 pictures could not be shown" in packs.faults.warnings()[0]
    packs.path(1).unlink()
    assert packs.read(first) is None and packs.faults.unreadable == 3, "a pack that was deleted is not a damaged one"
