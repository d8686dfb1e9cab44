"""Deleting a person: refused from then on, whatever fails in between; nothing of its crops stays in the database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest

from hub import close, create_app
from hub.contract.errors import Conflict
from hub.settings.file import load
from hub.store.writer import StoreBusy
from hub.tracking import matches as module
from hub.tracking.matches import KeptMatches
from hub.tracking.repository import DELETE_CHUNK
from tests.support.matches import ANNA, BERT, START, fill, match, wait_in_hub
from tests.support.retention import expire

NEVER_EXPIRE = {"HUB_TRACKING_KEEP_DAYS": "3650"}
PIECE = 64  # bytes of a crop that are searched for


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def pieces_left(path: Path, crops: list[bytes]) -> float:
    """Which part of the crops is in the database file, after a checkpoint has emptied its log.

    Never quite 1.0 of stored ones, since a piece on two pages is not found.
    """
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    data = path.read_bytes()
    pieces = [crop[at : at + PIECE] for crop in crops for at in range(0, len(crop) - PIECE, max(512, len(crop) // 4))]
    return sum(piece in data for piece in pieces) / len(pieces)


def test_a_deleted_person_has_no_matches_and_gets_no_more(kept: KeptMatches) -> None:
    for track in range(130):
        kept.add(match(track, (ANNA, BERT)[track % 2]))
    kept.flush()
    kept.add(match(1000))  # pending
    assert kept.is_deleted(ANNA) is None
    assert kept.delete_person(ANNA) == 66
    kept.add(match(1001))
    assert (kept.count(ANNA), kept.count(BERT), kept.counts()["waiting"]) == (0, 65, 0)
    moment = kept.is_deleted(ANNA)
    assert kept.delete_person(ANNA) == 0 and kept.is_deleted(ANNA) == moment, "it may be repeated"
    assert kept.counts()["deleted"] == 66 and kept.counts()["deleted_persons"] == 1


def test_deleting_works_where_nothing_is_kept(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    fill(instance / "hub.db", 120)
    app = create_app(load(instance, {}, NEVER_EXPIRE))
    kept = app.extensions["gatehouse"].part(KeptMatches)
    assert kept.enabled is False and kept.delete_person(ANNA) == 120
    close(app)
    app = create_app(load(instance, {}, NEVER_EXPIRE))
    assert app.extensions["gatehouse"].part(KeptMatches).is_deleted(ANNA) is not None, "after a restart as well"
    close(app)


def test_matches_that_are_being_written_are_deleted_too(parts: Any, kept: KeptMatches) -> None:
    """The deletion comes while a commit with matches of the person is running."""
    for track in range(500):
        kept.add(match(track, crop=b"x" * 2000))
    writing = gevent.spawn(kept.flush)
    gevent.sleep(0)
    assert kept.delete_person(ANNA) == 500
    writing.get()
    assert kept.count() == 0 and kept.counts()["waiting"] == 0


def test_what_a_time_limit_leaves_is_deleted_in_the_background(
    kept: KeptMatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(module, "DELETE_SECONDS", -1.0)
    for track in range(3 * DELETE_CHUNK):
        kept.add(match(track))
    kept.flush()
    finishing = gevent.spawn(kept.run_deletions)
    assert kept.delete_person(ANNA) == DELETE_CHUNK and kept.deleting
    wait_in_hub(lambda: not kept.deleting, "the deletion's end")
    finishing.kill()
    assert kept.count() == 0 and kept.counts()["deleted"] == 3 * DELETE_CHUNK


@pytest.fixture
def busy_after(parts: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the store be busy after the next few writes."""

    def arrange(number: int) -> None:
        left, write = [number], parts.writer.write

        def write_some(job: Any, size: int = 0) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise StoreBusy("The hub cannot store now.")
            return write(job, size)

        monkeypatch.setattr(parts.writer, "write", write_some)

    return arrange


def test_a_deletion_that_cannot_be_stored_is_not_claimed(kept: KeptMatches, busy_after: Any) -> None:
    kept.add(match())
    kept.flush()
    busy_after(0)
    with pytest.raises(StoreBusy):
        kept.delete_person(ANNA)
    assert kept.is_deleted(ANNA) is None and kept.count(ANNA) == 1


def test_a_person_is_refused_before_its_matches_are_deleted(kept: KeptMatches, busy_after: Any, parts: Any) -> None:
    kept.add(match())
    kept.flush()
    busy_after(1)
    with pytest.raises(StoreBusy):
        kept.delete_person(ANNA)
    assert kept.is_deleted(ANNA) is not None and kept.deleting and kept.count(ANNA) == 1
    assert rows(parts.backend.file, "SELECT person FROM tracking_deletions") == [(ANNA,)]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    """An instance folder whose hub was killed between recording a deletion and deleting the matches."""
    folder = tmp_path / "instance"
    folder.mkdir()
    fill(folder / "hub.db", 2 * DELETE_CHUNK + 1)
    fill(folder / "hub.db", 3, BERT)
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.execute("INSERT INTO tracking_deletions VALUES (?, ?)", (ANNA, START))
    yield folder


def test_a_start_finishes_what_a_crash_cut_short(instance: Path) -> None:
    app = create_app(load(instance, {}, NEVER_EXPIRE))
    kept = app.extensions["gatehouse"].part(KeptMatches)
    assert kept.is_deleted(ANNA) == START
    wait_in_hub(lambda: not kept.deleting, "the deletion's end")
    assert (kept.count(ANNA), kept.count(BERT)) == (0, 3)
    close(app)


@pytest.mark.parametrize("moment", ["'some day'", "x'00'", "9e999", "-1"])
def test_a_person_stays_deleted_whose_time_cannot_be_read(instance: Path, moment: str) -> None:
    with closing(sqlite3.connect(instance / "hub.db")) as connection, connection:
        connection.execute(f"UPDATE tracking_deletions SET deleted_at = {moment}")
        connection.execute(f"INSERT INTO tracking_deletions VALUES (x'ff', {START})")
    app = create_app(load(instance, {}, NEVER_EXPIRE))
    hub = app.extensions["gatehouse"]
    assert hub.part(KeptMatches).is_deleted(ANNA) == 0.0
    assert hub.reader.unreadable.counts()["tracking_deletions"] >= 1
    close(app)


def test_deletions_are_bounded(kept: KeptMatches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DELETIONS", 1)
    kept.delete_person(ANNA)
    with pytest.raises(Conflict, match="remembers 1 deleted persons"):
        kept.delete_person(BERT)
    assert kept.delete_person(ANNA) == 0


@pytest.mark.parametrize("size", [700, 3000, 20_000])
def test_no_piece_of_a_deleted_crop_stays_in_the_database_file(parts: Any, kept: KeptMatches, size: int) -> None:
    """Deleted and kept rows lie between each other, so that pages are merged and split."""
    crops: dict[str, list[bytes]] = {ANNA: [], BERT: []}
    for track in range(150):
        person = ANNA if track % 3 else BERT
        crops[person].append(os.urandom(size))
        kept.add(match(track, person, crop=crops[person][-1]))
    kept.flush()
    path = parts.backend.file
    assert pieces_left(path, crops[ANNA]) > 0.8 and pieces_left(path, crops[BERT]) > 0.8
    assert kept.delete_person(ANNA) == 100
    assert pieces_left(path, crops[ANNA]) == 0 and pieces_left(path, crops[BERT]) > 0.8
    assert [kept.crop(row["id"]) for row in kept.newest(limit=100)[0]] == crops[BERT][::-1]
    assert expire(parts, "matches", 30, lambda: START + 10_000_000) == 50
    assert pieces_left(path, crops[BERT]) == 0, "of expired matches as well"
