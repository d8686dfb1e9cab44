"""A damaged outbox: whatever happened to its database, no waiting picture is deleted and results still arrive."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox
from agent_lib.outbox.recovery import PICTURES_ONLY
from tests.support.agent import fields, result
from tests.support.outbox import drain, files, outbox_of_the_version_before, put, records

Opened = Callable[..., Outbox]
WAL, SHM = "outbox.db-wal", "outbox.db-shm"


def missing(folder: Path) -> None:
    for name in ("outbox.db", WAL, SHM):
        (folder / name).unlink(missing_ok=True)


def empty(folder: Path) -> None:
    missing(folder)
    (folder / "outbox.db").write_bytes(b"")


def emptied_beside_its_log(folder: Path) -> None:
    (folder / "outbox.db").write_bytes(b"")


def without_log(folder: Path) -> None:
    for name in (WAL, SHM):
        (folder / name).unlink(missing_ok=True)


def corrupt(folder: Path) -> None:
    missing(folder)
    (folder / "outbox.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)


DAMAGES = [missing, empty, emptied_beside_its_log, without_log, corrupt]


def killed(box: Outbox, folder: Path, target: Path) -> None:
    """Copy an instance folder as a killed process leaves it, with the write-ahead log."""
    assert (folder / WAL).stat().st_size > 0 and not box.empty
    shutil.copytree(folder / "outbox", target / "outbox")
    for name in ("outbox.db", WAL, SHM):
        shutil.copy(folder / name, target / name)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_database_is_rebuilt_completely(opened: Opened, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    box = opened()
    expected = []
    for number in range(12):
        one = result(f"T{number}", errors=["kept"])
        box.put(one, fields(one))
        expected.append((one.event_id, fields(one), one.pictures))
    box.delivered(box.next())
    box.shelve(box.next(), "tag is too long")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    killed(box, tmp_path, damaged)
    damage(damaged)
    found = Outbox(damaged, 10**9, 100)
    counts = found.counts()
    assert counts["waiting"] == 10 and [row["reason"] for row in counts["shelf"]] == ["tag is too long"]
    put(found, "NEW")
    entries = drain(found)
    assert [(entry.event_id, entry.fields, entry.pictures) for entry in entries[:-1]] == expected[2:]
    assert entries[-1].fields["tag"] == "NEW" and len(files(damaged)) == 3 and len(records(damaged)) == 1
    found.close()


@pytest.mark.parametrize("damage", [emptied_beside_its_log, corrupt])
def test_what_cannot_be_read_is_kept(opened: Opened, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    box = opened()
    put(box, "A")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    killed(box, tmp_path, damaged)
    log_bytes = (damaged / WAL).read_bytes()
    damage(damaged)
    before = (damaged / "outbox.db").read_bytes()
    found = Outbox(damaged, 10**9, 100)
    notices = found.notices
    found.close()
    kept = {path.read_bytes() for path in damaged.glob("outbox.db*.broken-*")}
    assert (log_bytes if damage is emptied_beside_its_log else before) in kept
    assert "is kept as" in notices[0] and "outbox.db" in notices[0]


def test_a_second_damage_does_not_overwrite_what_was_kept(opened: Opened, tmp_path: Path) -> None:
    for number in range(3):
        corrupt(tmp_path)
        (tmp_path / "outbox.db").write_bytes(b"no database %d" % number * 500)
        opened().close()
    assert len(list(tmp_path.glob("outbox.db.broken-*"))) == 3


def test_a_damaged_page_is_noticed_at_the_start(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    ids = [put(box, f"{number:04d}") for number in range(60)]
    box.close()
    data = bytearray((tmp_path / "outbox.db").read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    (tmp_path / "outbox.db").write_bytes(data)
    assert [entry.event_id for entry in drain(opened())] == ids


# An outbox of the version before, which has no records


def test_an_outbox_of_the_version_before_is_delivered(opened: Opened, tmp_path: Path) -> None:
    ids = outbox_of_the_version_before(tmp_path, "ABC")
    box = opened()
    assert records(tmp_path) == sorted(f"{event_id}.json" for event_id in ids), "safe from now on"
    missing(tmp_path)
    entries = drain(opened())
    assert [entry.event_id for entry in entries] == ids and all(len(entry.pictures) == 3 for entry in entries)
    box.close()


def test_a_corrupt_database_of_the_version_before_gives_what_it_can(opened: Opened, tmp_path: Path) -> None:
    outbox_of_the_version_before(tmp_path, "".join(chr(ord("A") + number) for number in range(26)))
    data = bytearray((tmp_path / "outbox.db").read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    (tmp_path / "outbox.db").write_bytes(data)
    entries = drain(opened(station="gate"))
    tags = [entry.fields["tag"] for entry in entries]
    assert len(entries) == 26 and len([tag for tag in tags if tag]) > 5 and all(len(e.pictures) == 3 for e in entries)
    assert tags[0] == "A" and files(tmp_path) == records(tmp_path) == []


@pytest.mark.parametrize("damage", [missing, empty, corrupt])
def test_pictures_without_any_record_are_sent_as_a_result(
    opened: Opened, tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    ids = outbox_of_the_version_before(tmp_path, "AB")
    for number, event_id in enumerate(ids):
        for path in (tmp_path / "outbox").glob(f"{event_id}_*"):
            os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    damage(tmp_path)
    box = opened(station="gate")
    assert box.counts()["waiting"] == 2 and "lost their record" in caplog.text + box.notices[-1]
    entries = drain(box)
    assert [entry.event_id for entry in entries] == ids and all(len(entry.pictures) == 3 for entry in entries)
    first = entries[0].fields
    assert first["message"] == PICTURES_ONLY and not first["success"] and first["errors"] == [PICTURES_ONLY]
    assert (first["station"], first["started_ts"]) == ("gate", 1_700_000_000)


def test_pictures_of_an_unknown_station_are_kept_aside(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = outbox_of_the_version_before(tmp_path, "A")
    missing(tmp_path)
    (tmp_path / "outbox" / "truck.jpg").write_bytes(b"of somebody's own")
    (tmp_path / "outbox" / "notes.txt").write_text("not a picture")
    box = opened()
    kept = sorted(path.name for path in (tmp_path / "outbox" / "unclaimed").iterdir())
    assert kept == sorted([f"{ids[0]}_{role}.jpg" for role in ("primary", "secondary", "label")] + ["truck.jpg"])
    assert box.empty and files(tmp_path) == [] and records(tmp_path) == ["notes.txt", "unclaimed"]
    where = str(tmp_path / "outbox" / "unclaimed")
    assert where in caplog.text and box.notices == [f"4 files that belong to no capture are kept in {where}."]
    again = opened()
    assert again.notices == box.notices and len(list((tmp_path / "outbox" / "unclaimed").iterdir())) == 4


def test_half_a_picture_is_not_sent(opened: Opened, tmp_path: Path) -> None:
    ids = outbox_of_the_version_before(tmp_path, "A")
    missing(tmp_path)
    label = tmp_path / "outbox" / f"{ids[0]}_label.jpg"
    label.write_bytes(label.read_bytes()[:-10])
    entries = drain(opened(station="gate"))
    assert set(entries[0].pictures) == {"primary", "secondary"}
    assert [path.name for path in (tmp_path / "outbox" / "unclaimed").iterdir()] == [label.name]


def test_what_is_kept_aside_is_bounded_and_the_oldest_given_up_last(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    aside = tmp_path / "outbox" / "unclaimed"
    aside.mkdir(parents=True)
    for number in range(10):
        (aside / f"{number}.jpg").write_bytes(bytes(1000))
        os.utime(aside / f"{number}.jpg", (number, number))
    opened(max_bytes=4500)
    assert sorted(path.name for path in aside.iterdir()) == [f"{number}.jpg" for number in range(4)]
    assert "newest 6 files were deleted" in caplog.text


# Records and rows


def test_a_record_that_cannot_be_read_is_kept_aside(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    event_id, other = put(box, "A"), put(box, "B")
    box.close()
    missing(tmp_path)
    for text in (
        b"{",
        b"[]",
        b'{"sequence": 1}',
        b'{"sequence": 1, "fields": {"event_id": "another"}, "pictures": {}}',
    ):
        (tmp_path / "outbox" / f"{event_id}.json").write_bytes(text)
        box = opened()
        assert [entry.event_id for entry in drain(box)] == ([other] if text == b"{" else [])
        assert (tmp_path / "outbox" / "unclaimed" / f"{event_id}_primary.jpg").exists()
    assert len(list((tmp_path / "outbox" / "unclaimed").glob("*.json"))) == 4


def test_a_row_that_cannot_be_read_stops_nothing(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    ids = [put(box, tag) for tag in "AB"]
    box._db.execute("UPDATE results SET fields = '{' ")
    (tmp_path / "outbox" / f"{ids[1]}.json").unlink()
    first, second = drain(box)
    assert first.fields["tag"] == "A" and second.event_id == ids[1] and second.fields["errors"]
    assert len(first.pictures) == len(second.pictures) == 3 and box.counts()["waiting"] == 0


def test_a_disk_that_is_full_at_the_start_deletes_nothing(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = outbox_of_the_version_before(tmp_path, "AB")
    missing(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(
            "agent_lib.outbox.recovery._INSERT", "INSERT INTO nowhere (id, a, b, c, d, e, f) VALUES (?,?,?,?,?,?,?)"
        )
        box = opened(station="gate")
        assert box.empty and len(files(tmp_path)) == 6
        put(box, "C")
    assert [entry.event_id for entry in drain(opened(station="gate"))][1:] == ids


def test_the_order_of_the_shelf_does_not_follow_the_clock(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    box = opened(shelf=2)
    now = [2_000_000_000.0]
    monkeypatch.setattr("agent_lib.outbox.outbox.time.time", lambda: now[0])
    for tag in "ABCD":
        put(box, tag)
        box.shelve(box.next(), f"no {tag}")
        now[0] -= 3600
    assert [row["tag"] for row in box.counts()["shelf"]] == ["D", "C"]


def test_the_same_result_put_twice_is_counted_once(opened: Opened) -> None:
    box = opened()
    one = result("A")
    box.put(one, fields(one))
    size = box._bytes
    box.put(one, fields(one))
    assert box._bytes == size and len(drain(box)) == 1 and box._bytes == 0


def test_a_record_holds_everything_that_the_row_holds(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    event_id = put(box, "Ü")
    record = json.loads((tmp_path / "outbox" / f"{event_id}.json").read_text("utf-8"))
    row = box._db.execute("SELECT id, fields FROM results").fetchone()
    assert (
        record["sequence"] == row[0]
        and record["fields"] == json.loads(row[1])
        and isinstance(box._db, sqlite3.Connection)
    )
    assert list(record["pictures"]) == ["primary", "secondary", "label"]
