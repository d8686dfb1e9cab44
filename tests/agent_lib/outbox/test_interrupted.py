"""A kill between the steps of storing a capture: neither lost nor there twice, also while its vehicle stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox, interrupted
from tests.support.agent import result
from tests.support.devices import jpeg
from tests.support.outbox import drain, files, put, records

Opened = Callable[..., Outbox]
PICTURES = {"primary": jpeg(1), "secondary": jpeg(2)}


def interrupt(folder: Path, event_id: str, *missing: str) -> None:
    """Take the row back, and the pictures of the roles `missing`."""
    with sqlite3.connect(folder / "outbox.db") as db:
        db.execute("DELETE FROM results WHERE event_id = ?", (event_id,))
        db.execute("DELETE FROM captured_tags")
    db.close()
    for role in missing:
        (folder / "outbox" / f"{event_id}_{role}.jpg").unlink()


def killed_while_storing(opened: Opened, folder: Path, *missing: str, **more: object) -> str:
    box = opened()
    event_id = put(box, "A", pictures=PICTURES, **more)
    box.close()
    interrupt(folder, event_id, *missing)
    return event_id


def test_the_tags_of_a_capture_without_its_row_are_captured(opened: Opened, tmp_path: Path) -> None:
    event_id = killed_while_storing(opened, tmp_path)
    box = opened()
    assert list(box.captured_tags("gate")) == ["A"], "the vehicle that still stands there has its capture"
    assert [(entry.event_id, entry.pictures) for entry in drain(box)] == [(event_id, PICTURES)]


def test_a_capture_that_was_cut_short_is_made_again(opened: Opened, tmp_path: Path) -> None:
    killed_while_storing(opened, tmp_path, cut_short=True)
    assert opened().captured_tags("gate") == {}


@pytest.mark.parametrize("missing", [("secondary",), ("primary", "secondary")])
def test_a_new_capture_takes_the_place_of_one_without_its_pictures(
    opened: Opened, tmp_path: Path, missing: tuple[str, ...]
) -> None:
    killed_while_storing(opened, tmp_path, *missing)
    box = opened()
    assert box.captured_tags("gate") == {} and box.next() is None
    other = put(box, "B", pictures=PICTURES)
    entry = box.next()
    assert entry is not None and entry.event_id == other, "others do not wait for it"
    again = put(box, "A", pictures=PICTURES)
    assert [entry.event_id for entry in drain(box)] == [other, again]
    assert box.counts()["waiting"] == 0 and box.empty
    assert files(tmp_path) == [] and records(tmp_path) == []
    box.close()
    assert opened().next() is None


def test_without_a_new_capture_it_is_sent_as_it_is(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted, "HOLD_SECONDS", 0.0)
    event_id = killed_while_storing(opened, tmp_path, "secondary")
    box = opened()
    put(box, "A", pictures=PICTURES)
    first, second = drain(box)
    assert first.event_id == event_id and list(first.pictures) == ["primary"]
    assert "secondary picture is lost" in first.fields["errors"][-1]
    assert second.pictures == PICTURES


def test_another_station_s_capture_takes_no_place(opened: Opened, tmp_path: Path) -> None:
    event_id = killed_while_storing(opened, tmp_path, "primary")
    box = opened()
    put(box, "A", pictures=PICTURES, station="elsewhere")
    assert len(drain(box)) == 1
    box.close()
    assert [entry.event_id for entry in drain(opened())] == [event_id]
    assert result("A").station == "gate"
