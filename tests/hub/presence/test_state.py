"""The state of one camera from a list of examined pictures, with times that the tests give."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hub.live.events import Vehicle, VehicleArrived, VehicleLeft
from hub.presence.state import Change, Observation, PresenceState
from hub.settings.presence import VehicleWatch

CAR = Vehicle("car", 0.71, (160.0, 120.0, 480.0, 360.0), 640, 480)
EPOCH = 1_769_581_721.0


class Line:
    """A camera with two pictures a second: `C` shows a car, `-` none, a space is no picture."""

    def __init__(self, **settings: object) -> None:
        self.state = PresenceState(VehicleWatch(camera="gate-1", **settings), 0.0)
        self.now = 0.0

    def show(self, pictures: str) -> list[Change]:
        changes: list[Change] = []
        for one in pictures:
            self.now += 0.5
            if one == " ":
                changes += self.state.tick(self.now, EPOCH + self.now)
            else:
                changes += self.state.observe(Observation(self.now, EPOCH + self.now, CAR if one == "C" else None))
        return changes


def kinds(changes: Iterable[Change]) -> str:
    return "".join("A" if isinstance(change, VehicleArrived) else "L" for change in changes)


def test_a_vehicle_comes_and_goes() -> None:
    line = Line()
    assert line.state.present is None
    assert line.show("---") == [] and line.state.present is False
    (arrived,) = line.show("CCC")
    assert isinstance(arrived, VehicleArrived) and line.state.present is True
    assert (arrived.camera, arrived.arrival_seen, arrived.vehicle) == ("gate-1", True, CAR)
    assert (arrived.since, arrived.time) == (EPOCH + 2.0, EPOCH + 3.0)
    assert line.show("CCCC") == []  # last seen at 5.0
    assert line.show("-" * 9) == [] and line.state.present is True
    (left,) = line.show("-")
    assert isinstance(left, VehicleLeft) and line.state.present is False and line.state.stay is None
    assert (left.stay, left.reason, left.kind) == (arrived.stay, "not seen", "car")
    assert (left.since, left.last_seen, left.time) == (EPOCH + 2.0, EPOCH + 5.0, EPOCH + 10.0)
    assert left.stayed_seconds == 3.0
    assert line.show("-" * 50) == []
    (again,) = line.show("CCC")
    assert again.stay != arrived.stay


@pytest.mark.parametrize(
    ("pictures", "changes"),
    [
        ("---C--C--C--C", ""),  # never three of five
        ("---C-C-C", "A"),  # three of five
        ("---CC----CC", ""),  # sightings too far apart
        ("---CCC" + "C--C---C----C" * 5, "A"),  # missed pictures while it is there
        ("---CCC" + "-" * 12 + "C--" + "-" * 10, "AL"),  # a false detection after it left
    ],
)
def test_flicker_makes_no_events(pictures: str, changes: str) -> None:
    assert kinds(Line().show(pictures)) == changes


def test_one_picture_is_enough_where_the_settings_say_so() -> None:
    line = Line(arrive_pictures=1, leave_seconds=0)
    assert kinds(line.show("-C-C")) == "ALA"


def test_few_pictures_do_not_end_a_stay() -> None:
    """With a picture every 8 s, one that shows nothing is no departure, although leave_seconds have passed."""
    line = Line(unknown_seconds=30)
    slow = " " * 15
    assert kinds(line.show(f"{slow}C{slow}C{slow}C{slow}-{slow}-{slow}C")) == "A"
    assert kinds(line.show(f"{slow}-{slow}-{slow}-")) == "L"


def test_a_vehicle_that_was_there_from_the_start_is_no_seen_arrival() -> None:
    (arrived,) = Line().show("CCC")
    assert isinstance(arrived, VehicleArrived) and arrived.arrival_seen is False


def test_pictures_that_stop_make_the_state_unknown_and_a_stay_goes_on() -> None:
    line = Line()
    (arrived,) = line.show("---CCC")
    assert line.show(" " * 29) == [] and line.state.present is True
    assert line.show(" ") == [] and line.state.present is None and line.state.stay is not None
    assert line.show("CC") == [] and line.state.present is None
    assert line.show("C") == [] and line.state.present is True  # the same stay, without an event
    (left,) = line.show("-" * 10)
    assert left.stay == arrived.stay and left.reason == "not seen"


def test_a_vehicle_that_left_while_no_pictures_came() -> None:
    line = Line()
    (arrived,) = line.show("---CCC")
    assert line.show(" " * 60) == []
    (left,) = line.show("---")
    assert isinstance(left, VehicleLeft)
    assert (left.stay, left.reason, left.last_seen) == (arrived.stay, "not seen", EPOCH + 3.0)


def test_a_stay_ends_when_no_pictures_come_for_long() -> None:
    line = Line(end_seconds=60)
    (arrived,) = line.show("---CCC")
    (left,) = line.show(" " * 500)
    assert isinstance(left, VehicleLeft)
    assert (left.stay, left.reason, left.time) == (arrived.stay, "not watched", EPOCH + 63.0)
    assert line.state.present is None
    (again,) = line.show("CCC")
    assert isinstance(again, VehicleArrived) and again.arrival_seen is False


def test_a_picture_after_a_long_gap_ends_the_stay_without_a_tick() -> None:
    line = Line(end_seconds=60)
    line.show("---CCC")
    line.now += 1000
    assert kinds(line.show("C")) == "L" and line.state.present is None
    assert kinds(line.show("CC")) == "A"


def test_pictures_from_before_a_gap_do_not_count() -> None:
    line = Line()
    assert line.show("---CC" + " " * 40 + "C") == [] and line.state.present is None
    line = Line()
    assert line.show("CC" + " " * 40 + "C" + " " * 40 + "C") == []


def test_events_as_they_are_shown() -> None:
    arrived, left = Line().show("---CCC" + "-" * 10)
    assert arrived.shown == {
        "change": "arrived",
        "camera": "gate-1",
        "stay": arrived.stay,
        "time": "2026-01-28T06:28:44.000000Z",
        "since": "2026-01-28T06:28:43.000000Z",
        "arrival_seen": True,
        "kind": "car",
        "confidence": 0.71,
        "box": [160.0, 120.0, 480.0, 360.0],
        "width": 640,
        "height": 480,
    }
    assert left.shown == {
        "change": "left",
        "camera": "gate-1",
        "stay": arrived.stay,
        "time": "2026-01-28T06:28:49.000000Z",
        "since": "2026-01-28T06:28:43.000000Z",
        "last_seen": "2026-01-28T06:28:44.000000Z",
        "stayed_seconds": 1.0,
        "kind": "car",
        "reason": "not seen",
    }
