"""The check of everything that is stored: a sentence for each thing, exit status 0 or 1, nothing changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from hub.backup.pace import Pace
from hub.backup.stored_packs import read_pack
from hub.store.pack_writer import HEADER, MAGIC
from tests.hub.backup.conftest import RECORDS, Filled
from tests.hub.backup.test_restore import contents_of
from tests.support.backup import app
from tests.support.helpers import HubProcess


def checked(site: Filled, *arguments: str) -> tuple[int, str]:
    """Exit status and output; the folder must be as it was."""
    before = contents_of(site.instance)
    done = app(site.instance, "verify", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    after = contents_of(site.instance)
    assert {name for name in after if name not in before} <= {"hub.db-wal", "hub.db-shm"}
    assert {name: data for name, data in after.items() if name in before} == before
    return done.returncode, done.stdout


def test_a_whole_folder(site: Filled) -> None:
    status, text = checked(site)
    assert status == 0
    assert "ok    The database hub.db is whole" in text
    assert f"ok    1 picture files with {RECORDS} pictures are whole." in text
    assert f"ok    All {2 * RECORDS} pictures that records name are there." in text
    assert "note  There is no backup" in text and "Everything that was checked is whole." in text


@pytest.mark.slow
def test_a_running_hub(site: Filled) -> None:
    with HubProcess(site.instance):
        assert app(site.instance, "verify").returncode == 0


def test_a_picture_with_other_bytes(site: Filled) -> None:
    pack = site.instance / "pictures" / "000001.pack"
    data = bytearray(pack.read_bytes())
    data[data.index(b"number 5")] ^= 1
    pack.write_bytes(data)
    status, text = checked(site)
    assert status == 1
    assert f"BAD   The picture file 000001.pack has 1 damaged pictures; its {RECORDS - 1} others" in text
    assert f"BAD   1 of {2 * RECORDS} pictures that records name are damaged or missing, among them k000001-" in text


def test_a_damaged_head_costs_one_picture(site: Filled) -> None:
    pack = site.instance / "pictures" / "000001.pack"
    data = bytearray(pack.read_bytes())
    second = data.index(MAGIC, 4)
    data[second + 5] ^= 0xFF  # its length
    pack.write_bytes(data)
    assert len(read_pack(pack, Pace()).intact) == RECORDS - 1
    status, text = checked(site)
    assert status == 1 and f"1 of {2 * RECORDS} pictures that records name" in text


@pytest.mark.parametrize("rest", [b"x", b"x" * 5000, HEADER.pack(MAGIC, 10_000, 1) + b"half of a picture"])
def test_what_a_power_cut_left_is_no_damage(site: Filled, rest: bytes) -> None:
    with (site.instance / "pictures" / "000001.pack").open("ab") as file:
        file.write(rest)
    status, text = checked(site)
    assert status == 0 and f"note  The picture file 000001.pack has {len(rest)} bytes that belong to no picture" in text


def test_a_missing_and_an_empty_picture_of_captures(site: Filled) -> None:
    first, second, *_ = sorted((site.instance / "images").glob("*.jpg"))
    first.unlink()
    second.write_bytes(b"")
    status, text = checked(site)
    assert status == 1 and f"2 of {2 * RECORDS} pictures that records name" in text
    assert first.name in text and second.name in text


def test_packs_that_were_deleted_to_make_room_are_a_note_and_lost_ones_are_not(site: Filled) -> None:
    folder = site.instance / "pictures"
    (folder / "000001.pack").rename(folder.parent / "000001.pack.away")
    assert checked(site)[0] == 1, "the only pack is gone"
    (folder / "000002.pack").write_bytes(b"")
    status, text = checked(site)
    assert status == 0 and f"note  {RECORDS} pictures of old records are gone with 1 picture files" in text


def test_a_damaged_database(site: Filled) -> None:
    with (site.instance / "hub.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xee" * 4096)
    status, text = checked(site)
    assert status == 1 and "BAD   The database hub.db" in text and "keeps every row that can be read" in text


def test_no_database_at_all(site: Filled) -> None:
    (site.instance / "hub.db").write_bytes(b"no database, " * 1000)
    status, text = checked(site)
    assert status == 1 and "file is not a database" in text


def test_rows_that_belong_to_nothing(site: Filled) -> None:
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("DELETE FROM lpr_records WHERE seq = 1")
        connection.commit()
    status, text = checked(site)
    assert status == 1 and "has rows in lpr_plates that belong to a row which is not there" in text


def test_backups_are_listed_and_one_can_be_read_whole(site: Filled) -> None:
    assert app(site.instance, "backup").returncode == 0
    status, text = checked(site)
    (path,) = (site.instance / "backups").glob("*.tar")
    assert status == 0 and "ok    1 backups in" in text and f"app.py verify {path}" in text
    status, text = checked(site, str(path))
    assert status == 0 and f"ok    {path} is whole: the backup of" in text
    data = bytearray(path.read_bytes())
    data[data.index(b"number 7")] ^= 1
    path.write_bytes(data)
    status, text = checked(site, str(path))
    assert status == 1 and "has other bytes than were backed up" in text
    with path.open("r+b") as file:
        file.truncate(5000)
    status, text = checked(site)
    assert status == 1 and "BAD" in text and path.name in text
