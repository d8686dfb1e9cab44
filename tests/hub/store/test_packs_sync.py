"""Pictures are durable before their records are committed, whatever becomes of the other records of the commit."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest

from hub.store.batch import BatchStore
from hub.store.pack_writer import HEADER, PackWriter
from hub.store.packs import PackStore
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.connection import connect
from hub.store.transaction import Transaction
from hub.store.writer import Writer

INSERT = "INSERT INTO t (a) VALUES (:a)"


class Pictures(BatchStore):
    """Records (a number each) with a picture; a number that is stored already, or negative, fails."""

    def __init__(self, packs: PackStore, single: bool) -> None:
        self._packs, self._single = packs, single

    def single_statement(
        self, transaction: Transaction, items: list[int]
    ) -> tuple[str, Sequence[Any], list[str]] | None:
        if not self._single:
            return None
        names = self._put(transaction, items)
        return f"INSERT INTO t (a) VALUES {','.join('(?)' for _ in items)}", items, names

    def store(self, transaction: Transaction, items: list[int]) -> list[str]:
        names = self._put(transaction, items)
        for item in items:
            transaction.execute(INSERT, {"a": item})
        return names

    def _put(self, transaction: Transaction, items: list[int]) -> list[str]:
        return self._packs.put_all(transaction, [(picture(item), ".jpg") for item in items])


def picture(item: int) -> bytes:
    return b"\xff\xd8\xff" + str(item).encode() * (1 + abs(item) % 50)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Writer, PackStore]]:
    connection = connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (a INTEGER UNIQUE CHECK (a >= 0))")
    connection.close()
    packs = PackStore(tmp_path / "pictures")
    packs.prepare()
    writer = Writer(SqliteBackend(tmp_path / "x.db"))
    runner = gevent.spawn(writer.run)
    yield writer, packs
    writer.close()
    runner.get(timeout=5)
    packs.close()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Inode and size of every file at each fsync since the last pictures were appended."""
    found: list[tuple[int, int]] = []
    real = os.fsync
    append = PackWriter.append

    def appended(pack: PackWriter, parts: Sequence[bytes], pictures: int) -> None:
        append(pack, parts, pictures)
        found.clear()

    def fsync(handle: int) -> None:
        real(handle)
        state = os.fstat(handle)
        found.append((state.st_ino, state.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(PackWriter, "append", appended)
    return found


@pytest.mark.parametrize("single", [True, False], ids=["one statement", "savepoints"])
def test_every_pack_of_a_commit_is_synced_also_when_a_record_fails(
    parts: tuple[Writer, PackStore], synced: list[tuple[int, int]], single: bool
) -> None:
    writer, packs = parts
    store = Pictures(packs, single)
    dice = random.Random(7)
    stored: dict[str, int] = {}
    for turn in range(41):
        items = [turn * 10 + number for number in range(dice.randint(1, 4))]
        for _ in range(dice.randint(0, 2)):
            items.insert(dice.randint(0, len(items)), -1)  # the last of the commit, often
        synced.clear()
        jobs = [gevent.spawn(writer.write_with, store, item) for item in items]
        gevent.joinall(jobs, timeout=60)  # a disk may be busy with what others delete
        for item, job in zip(items, jobs, strict=True):
            assert job.successful() is (item >= 0)
            if item >= 0:
                end = int(job.value.split("-")[1], 16) + HEADER.size + len(picture(item))
                inode = packs.path(int(job.value[1:7])).stat().st_ino
                assert any(place == inode and size >= end for place, size in synced), f"turn {turn}: {items}"
                stored[job.value] = item
    assert all(packs.read(name) == (picture(item), "image/jpeg") for name, item in stored.items())


def test_a_commit_that_fails_leaves_no_bytes_and_the_pack_goes_on(
    parts: tuple[Writer, PackStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, packs = parts
    store = Pictures(packs, True)
    first = writer.write_with(store, 1)
    size = packs.path(1).stat().st_size
    with monkeypatch.context() as broken:

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(os, "fsync", full)
        with pytest.raises(Exception, match="No space left"):
            writer.write_with(store, 2)
    assert packs.path(1).stat().st_size == size and writer.disk_full and writer.status()["not_stored"] == 1
    second = writer.write_with(store, 2)
    assert not writer.disk_full and packs.faults.status()["replaced"] == []
    assert packs.read(first) == (picture(1), "image/jpeg") and packs.read(second) == (picture(2), "image/jpeg")


def test_the_name_of_a_pack_is_flushed_before_its_first_picture_even_if_that_failed_once(
    parts: tuple[Writer, PackStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, packs = parts
    store = Pictures(packs, True)
    with monkeypatch.context() as broken:

        def fail(handle: int) -> None:
            raise OSError(5, "Input/output error")

        broken.setattr(os, "fsync", fail)
        with pytest.raises(Exception, match="Input/output error"):
            writer.write_with(store, 1)
    assert packs.path(1).exists(), "it was made, and is found by the next one"
    flushed: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.fstat(handle).st_ino) or real(handle))
    writer.write_with(store, 2)
    folder = packs.folder.stat().st_ino
    assert folder in flushed and flushed.index(folder) < flushed.index(packs.path(1).stat().st_ino)
