"""The outbox: what is in it survives whatever happens to the process and most of what happens to the disk."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox
from agent_lib.runtime.moment import Moment
from tests.support.agent import fields, result
from tests.support.devices import jpeg
from tests.support.helpers import wait_for
from tests.support.outbox import child, drain, files, put, records

Opened = Callable[..., Outbox]


def test_captured_tags_are_kept_with_their_capture(tmp_path: Path) -> None:
    box = Outbox(tmp_path, 10**9, 100)
    put(box, "A", tags=["A", "B"])
    put(box, "C", tags=["C"], station="other")
    put(box, "D", tags=["D"], cut_short=True)
    drain(box)
    box.close()
    box = Outbox(tmp_path, 10**9, 100)
    before = box.captured_tags("gate")
    assert list(before) == ["A", "B"] and all(moment.is_within(60, Moment.now()) for moment in before.values())
    box.note_seen("gate", {"B": Moment(150.0, 50.0), "never captured": Moment(150.0, 50.0)})
    assert box.captured_tags("gate") == {**before, "B": (150.0, 50.0)}
    for number in range(100):
        put(box, f"T{number}", tags=[f"T{number}"])
    assert list(box.captured_tags("gate")) == [f"T{number}" for number in range(36, 100)]
    assert list(box.captured_tags("other")) == ["C"]
    box.close()


def test_results_come_out_as_they_went_in_and_in_order(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    one = result("E2-Ü", {"primary": jpeg(9), "label": jpeg(8)}, errors=["Secondary frame not available"])
    box.put(one, fields(one))
    put(box, "B")
    assert box.counts() == {"waiting": 2, "shelved": 0, "shelf": []}
    first, second = drain(box)
    assert (first.event_id, first.fields, first.pictures) == (one.event_id, fields(one), one.pictures)
    assert second.fields["tag"] == "B" and box.empty and files(tmp_path) == records(tmp_path) == []


def test_a_new_process_finds_what_an_earlier_one_left(opened: Opened) -> None:
    put(opened(), "A")
    put(opened(), "B")
    entries = drain(opened())
    assert [entry.fields["tag"] for entry in entries] == ["A", "B"] and all(
        len(entry.pictures) == 3 for entry in entries
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in another way")
def test_killed_at_any_moment_nothing_confirmed_is_lost(opened: Opened, tmp_path: Path) -> None:
    for round_ in range(3):
        writer = child(tmp_path, f"for n in range(10**6): put(f'{round_}-{{n}}')")
        said = [writer.stdout.readline().strip() for _ in range(5 + 7 * round_)]
        writer.kill()
        said += writer.stdout.read().split()
        writer.wait(10)
        writer.stdout.close()
        entries = drain(opened())
        found = [entry.event_id for entry in entries]
        # At most the one being put at the kill is there without having been confirmed.
        assert found[: len(said)] == said and len(found) <= len(said) + 1
        assert all(len(entry.pictures) == 3 for entry in entries[: len(said)]) and files(tmp_path) == []
        assert all(len(entry.pictures) + len(entry.fields["errors"]) == 3 for entry in entries)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in another way")
@pytest.mark.parametrize(
    ("code", "waiting"),
    [
        ("put('A'); outbox.sync_folder = die; put('B')", ["A", "B"]),
        ("put('A'); box._db.set_trace_callback(lambda sql: sql.startswith('INSERT') and die()); put('B')", ["A", "B"]),
        ("put('A'); put('B'); box._remove_files = die; box.delivered(box.next())", ["B"]),
    ],
    ids=["pictures without row", "before the row", "row gone, pictures not"],
)
def test_killed_between_two_steps_leaves_nothing_half(
    opened: Opened, tmp_path: Path, code: str, waiting: list[str]
) -> None:
    writer = child(tmp_path, code)
    writer.communicate(timeout=30)
    assert writer.returncode == -signal.SIGKILL and len(files(tmp_path)) == 6
    box = opened()
    assert len(files(tmp_path)) == 3 * len(waiting) and len(records(tmp_path)) == len(waiting)
    entries = drain(box)
    assert [entry.fields["tag"] for entry in entries] == waiting and all(len(entry.pictures) == 3 for entry in entries)
    assert files(tmp_path) == records(tmp_path) == []


def test_a_refused_result_is_shelved_and_blocks_nothing(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    first = put(box, "A")
    put(box, "B")
    box.shelve(box.next(), "tag is too long")
    assert [entry.fields["tag"] for entry in drain(box)] == ["B"]
    assert box.empty and len(files(tmp_path)) == 3 and records(tmp_path) == [f"{first}.json"]
    expected = {"waiting": 0, "shelved": 1, "shelf": [{"event_id": first, "tag": "A", "reason": "tag is too long"}]}
    assert box.counts() == expected and opened().counts() == expected


def test_the_shelf_keeps_the_newest(opened: Opened, tmp_path: Path) -> None:
    box = opened(shelf=2)
    for tag in "ABCD":
        put(box, tag)
        box.shelve(box.next(), f"no {tag}")
    counts = box.counts()
    assert (
        [row["tag"] for row in counts["shelf"]] == ["D", "C"] and counts["shelved"] == 2 and len(files(tmp_path)) == 6
    )


def test_skipped_rows_are_passed_over(opened: Opened) -> None:
    box = opened()
    put(box, "A")
    put(box, "B")
    first = box.next()
    assert box.next({first.id}).fields["tag"] == "B" and box.next().fields["tag"] == "A"


def test_a_full_outbox_keeps_results_without_pictures(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    box = opened(max_bytes=len(jpeg(1)) * 4)
    put(box, "A")
    put(box, "B")
    full = "outbox is full"
    assert full in caplog.text
    first, second = drain(box)
    assert len(first.pictures) == 3 and second.pictures == {}
    assert full in second.fields["errors"][0] and second.fields["primary_image_url"] == "" and second.fields["success"]
    put(box, "C")
    assert len(box.next().pictures) == 3, "delivered results make room"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_costs_no_result(tmp_path: Path) -> None:
    code = (
        "import resource, json\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30000, hard))\n"
        "big = [result(tag, {'primary': bytes(40000)}) for tag in 'AB']\n"
        "said = [box.put(one, fields(one)) for one in big]\n"
        "before = (box.empty, box.counts()['waiting'])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))\n"
        "saved = box.save_unsaved()\n"
        "print(json.dumps([said, before, saved, [box.next().fields['tag'], len(box.next().pictures['primary'])]]))\n"
    )
    writer = child(tmp_path, code)
    output, _ = writer.communicate(timeout=30)
    assert json.loads(output) == [[False, False], [False, 2], True, ["A", 40000]]


def test_memory_holds_a_bounded_number(opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    box = opened()
    (tmp_path / "outbox").rmdir()
    (tmp_path / "outbox").write_text("in the way")
    for number in range(55):
        one = result(f"T{number}")
        assert not box.put(one, fields(one))
    assert box.counts()["waiting"] == 50 and "T4 is lost" in caplog.text and "T5 is lost" not in caplog.text
    (tmp_path / "outbox").unlink()
    (tmp_path / "outbox").mkdir()
    assert box.save_unsaved() and [entry.fields["tag"] for entry in drain(box)] == [
        f"T{number}" for number in range(5, 55)
    ]


def test_what_the_disk_does_not_take_is_delivered_from_memory(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    put(box, "A")
    (tmp_path / "outbox").rename(tmp_path / "moved")
    (tmp_path / "outbox").write_text("in the way")
    for tag in "BCD":
        one = result(tag, {"primary": tag.encode()})
        assert not box.put(one, fields(one))
    (tmp_path / "outbox").unlink()
    (tmp_path / "moved").rename(tmp_path / "outbox")
    first = box.next()
    assert first is not None and first.fields["tag"] == "A", "what is on disk is older"
    box.delivered(first)
    second = box.next()
    assert second is not None and (second.fields["tag"], second.pictures) == ("B", {"primary": b"B"})
    assert (third := box.next({second.id})) is not None and third.fields["tag"] == "C"
    box.delivered(second)
    assert box.counts()["waiting"] == 2 and box.captured_tags("gate").keys() == {"A"}
    assert box.save_unsaved(), "there is room again, while C is being sent"
    box.delivered(third)
    assert [entry.fields["tag"] for entry in drain(box)] == ["D"] and box.empty
    assert box.captured_tags("gate").keys() == {"A", "B", "C", "D"} and records(tmp_path) == files(tmp_path) == []


def test_what_the_disk_does_not_take_until_the_end_is_counted(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for room in (True, False):
        box = opened()
        (tmp_path / "outbox").rename(tmp_path / "moved")
        (tmp_path / "outbox").write_text("in the way")
        one = result("A" if room else "B")
        assert not box.put(one, fields(one))
        if room:
            (tmp_path / "outbox").unlink()
            (tmp_path / "moved").rename(tmp_path / "outbox")
        box.close()
        assert ("1 captures are lost" in caplog.text) is not room
    (tmp_path / "outbox").unlink()
    (tmp_path / "moved").rename(tmp_path / "outbox")
    assert [entry.fields["tag"] for entry in drain(opened())] == ["A"]


def test_a_result_in_memory_that_is_refused_goes_to_the_shelf_if_there_is_room(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    (tmp_path / "outbox").rmdir()
    (tmp_path / "outbox").write_text("in the way")
    for tag in "AB":
        one = result(tag)
        assert not box.put(one, fields(one))
    refused = box.next()
    assert refused is not None
    box.shelve(refused, "no room for it")
    assert box.counts()["waiting"] == 1 and box.counts()["shelved"] == 0
    (tmp_path / "outbox").unlink()
    (tmp_path / "outbox").mkdir()
    refused = box.next()
    assert refused is not None and refused.fields["tag"] == "B"
    box.shelve(refused, "refused for good")
    assert [row["tag"] for row in box.counts()["shelf"]] == ["B"] and box.empty


def test_a_picture_that_is_gone_is_named_and_the_rest_delivered(opened: Opened, tmp_path: Path) -> None:
    box = opened()
    event_id = put(box, "A")
    (tmp_path / "outbox" / f"{event_id}_label.jpg").unlink()
    entry = box.next()
    assert (
        set(entry.pictures) == {"primary", "secondary"}
        and entry.fields["label_image_url"] == ""
        and "label picture is lost" in entry.fields["errors"][0]
    )


@pytest.mark.parametrize("damage", [b"this is no database, " * 500, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_an_unreadable_database_is_put_aside(
    opened: Opened, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    event_id = put(opened(), "A")
    for name in ("outbox.db-wal", "outbox.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "outbox.db").write_bytes(damage)
    box = opened()
    aside = next(tmp_path.glob("outbox.db.broken-*"))
    assert "cannot be read" in caplog.text and aside.read_bytes() == damage and aside.name in box.notices[0]
    put(box, "B")
    first, second = drain(box)
    assert first.event_id == event_id and second.fields["tag"] == "B" and len(first.pictures) == 3


def test_a_database_that_cannot_be_written_still_lets_results_go(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = opened()
    put(box, "A")
    put(box, "B")
    entry = box.next()
    box._db.execute("PRAGMA query_only = ON")
    box.delivered(entry)
    assert "cannot be written" in caplog.text
    assert box.next().fields["tag"] == "B" and box.counts()["waiting"] == 1, "not offered again in this run"
    box._db.execute("PRAGMA query_only = OFF")
    assert [entry.fields["tag"] for entry in drain(opened())] == ["B"], "the next run knows that it was delivered"


def test_waiting_ends_when_a_result_comes(opened: Opened) -> None:
    box = opened()
    woke = threading.Event()

    def wait() -> None:
        box.wait(20)
        woke.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    wait_for(lambda: box._changed._waiters)
    put(box, "A")
    assert woke.wait(10)
    waiter.join()


def test_many_threads_at_once(opened: Opened) -> None:
    box = opened()
    taken: list[str] = []
    done = threading.Event()

    def take() -> None:
        while not (done.is_set() and box.empty):
            entry = box.next()
            if entry is not None:
                taken.append(entry.event_id)
                box.delivered(entry)

    taker = threading.Thread(target=take)
    taker.start()
    put_ids: list[str] = []
    putters = [threading.Thread(target=lambda: put_ids.extend(put(box, "A") for _ in range(15))) for _ in range(3)]
    for each in putters:
        each.start()
    for each in putters:
        each.join()
    done.set()
    taker.join(30)
    assert sorted(taken) == sorted(put_ids) and len(set(taken)) == 45


def test_durability_is_asked_for(opened: Opened) -> None:
    box = opened()
    assert box._db.execute("PRAGMA journal_mode").fetchone() == ("wal",) and box._db.execute(
        "PRAGMA synchronous"
    ).fetchone() == (2,)
    assert isinstance(box._db, sqlite3.Connection)
