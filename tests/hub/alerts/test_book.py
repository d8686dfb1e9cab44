"""What becomes an alert and a message: repeated ones are counted, nothing grows without bound."""

from __future__ import annotations

import orjson

from hub.alerts import book as module
from hub.alerts.book import AlertBook
from hub.contract.alerts import AlertKind

CAMERA, FAILED, BACKUP = AlertKind.CAMERA_OFFLINE, AlertKind.CAPTURE_FAILED, AlertKind.BACKUP_FAILED


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def book(clock: Clock, **options) -> AlertBook:
    return AlertBook(300.0, now=clock, hub_name="site", **options)


def sent(made: AlertBook) -> list[tuple[str, int]]:
    """State and count of each message that waits."""
    return [(shown["state"], shown["count"]) for _, shown in made.unsaved()[1]]


def test_an_alert_is_sent_when_it_is_raised_and_when_it_is_cleared() -> None:
    clock = Clock()
    made = book(clock)
    made.raise_(CAMERA, "gate-1", "It is offline.", {"name": "gate-1"})
    made.raise_(CAMERA, "gate-1", "It is offline.")
    made.clear(CAMERA, "gate-1", "It is back.")
    made.clear(CAMERA, "gate-1", "It is back.")
    assert sent(made) == [("raised", 1), ("cleared", 2)]
    bodies = [orjson.loads(row["body"]) for row, _ in made.unsaved()[1]]
    assert bodies[0]["id"] != bodies[1]["id"] and bodies[0]["alert_id"] == bodies[1]["alert_id"]
    assert [body["hub"] for body in bodies] == ["site", "site"]
    [row] = made.unsaved()[0]
    assert (row["state"], row["count"], row["sentence"]) == ("cleared", 2, "It is back.")


def test_an_event_is_counted_for_a_while_and_then_sent_again() -> None:
    clock = Clock()
    made = book(clock)
    for _ in range(1000):
        made.report(FAILED, "north", "It failed.")
    made.report(FAILED, "south", "It failed.")
    assert sent(made) == [("reported", 1), ("reported", 1)]
    assert sorted(row["count"] for row in made.unsaved()[0]) == [1, 1000]
    clock.time += 301
    made.report(FAILED, "north", "It failed.")
    assert len(sent(made)) == 3


def test_a_clock_that_goes_back_does_not_silence_events() -> None:
    clock = Clock()
    made = book(clock)
    made.report(FAILED, "north", "It failed.")
    clock.time -= 86_400
    made.report(FAILED, "north", "It failed.")
    assert len(sent(made)) == 2


def test_what_fails_every_night_is_sent_every_night_and_keeps_one_alert() -> None:
    clock = Clock()
    made = book(clock)
    for _ in range(3):
        made.raise_(BACKUP, "nightly", "The disk of the backup is full.")
        made.raise_(BACKUP, "nightly", "The disk of the backup is full.")
        clock.time += 86_400
    assert sent(made) == [("raised", 1), ("raised", 3), ("raised", 5)]
    assert len(made.unsaved()[0]) == 1


def test_kinds_that_are_off_are_left_out() -> None:
    made = book(Clock(), off=["capture_failed"])
    made.report(FAILED, "north", "It failed.")
    made.raise_(CAMERA, "gate-1", "It is offline.")
    assert [row["kind"] for row, _ in made.unsaved()[1]] == ["camera_offline"]


def test_messages_that_cannot_be_stored_are_bounded_and_counted(monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_UNSAVED", 10)
    made = book(Clock())
    for number in range(25):
        made.report(FAILED, f"station {number}", "It failed.")
    assert (len(sent(made)), made.left_out, made.is_full) == (10, 15, True)
    assert made.unsaved()[1][-1][1]["subject"] == "station 24"


def test_what_changes_while_it_is_stored_is_stored_again() -> None:
    made = book(Clock())
    made.report(FAILED, "north", "It failed.")
    rows, messages = made.unsaved()
    made.report(FAILED, "north", "It failed.")
    made.report(FAILED, "south", "It failed.")
    made.saved(rows, len(messages))
    assert sorted((row["subject"], row["count"]) for row in made.unsaved()[0]) == [("north", 2), ("south", 1)]
    assert [shown["subject"] for _, shown in made.unsaved()[1]] == ["south"]


def test_texts_and_details_are_bounded() -> None:
    made = book(Clock())
    made.raise_(CAMERA, "x" * 5000, "y" * 5000, {"z" * 500: ["w" * 5000] * 100})
    made.raise_(CAMERA, "x" * 5000, "y" * 5000)
    [(row, _)] = made.unsaved()[1]
    assert len(row["body"]) < 8000
    assert made.is_raised(CAMERA, "x" * 5000)
