"""Devices that go and come: an alert where it lasts, one and not a thousand where it flaps."""

from __future__ import annotations

from collections.abc import Iterator

from hub.alerts.book import AlertBook
from hub.alerts.watch import Watch
from hub.contract.alerts import AlertKind, Condition
from hub.contract.device_state import DeviceState

NOW = 1_000_000.0


class Site:
    """Devices and conditions that a test changes, looked at every two seconds of a clock of its own."""

    def __init__(self, hold: float = 60.0, steady: float = 300.0) -> None:
        self.clock = 0.0
        self.devices: dict[tuple[str, str], DeviceState] = {}
        self.conditions: list[Condition] = []
        self.book = AlertBook(300.0, now=self._now)
        self.watch = Watch(self.book, hold, steady, lambda: self.clock, self._now)

    def _now(self) -> float:
        return NOW + self.clock

    def set(self, kind: str, name: str, online: bool | None, last_seen: float | None = None) -> None:
        seen = self._now() if last_seen is None else last_seen
        self.devices[kind, name] = DeviceState(kind, name, name, online, seen)

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds / 2)):
            self.watch.poll(
                [lambda: self.devices.values()],
                [lambda condition=condition: condition for condition in self.conditions],
            )
            self.clock += 2.0

    def sent(self) -> list[tuple[str, str, str]]:
        return [(shown["kind"], shown["subject"], shown["state"]) for _, shown in self.book.unsaved()[1]]


def test_what_stays_offline_is_raised_and_what_stays_online_cleared() -> None:
    site = Site()
    site.set("camera", "gate-1", True)
    site.run(100)
    site.set("camera", "gate-1", False)
    site.run(50)
    assert site.sent() == []
    site.run(20)
    assert site.sent() == [("camera_offline", "gate-1", "raised")]
    site.set("camera", "gate-1", True)
    site.run(290)
    assert len(site.sent()) == 1
    site.run(20)
    assert site.sent()[1:] == [("camera_offline", "gate-1", "cleared")]


def test_a_device_that_flaps_all_day_is_one_alert() -> None:
    site = Site()
    for _ in range(500):
        site.set("station", "north", False)
        site.run(90)
        site.set("station", "north", True)
        site.run(90)
    assert site.sent() == [("station_offline", "north", "raised")]
    site.run(400)
    assert site.sent()[1:] == [("station_offline", "north", "cleared")]


def test_short_breaks_are_none() -> None:
    site = Site()
    for _ in range(100):
        site.set("camera", "gate-1", False)
        site.run(30)
        site.set("camera", "gate-1", True)
        site.run(10)
    assert site.sent() == []


def test_what_was_gone_for_long_before_the_start_is_no_news() -> None:
    site = Site()
    site.set("camera", "old", False, NOW - 7 * 86_400)
    site.set("camera", "last-night", False, NOW - 8 * 3600)
    site.run(3 * 86_400 / 100)
    assert [subject for _, subject, _ in site.sent()] == ["last-night"]


def test_a_state_that_is_unknown_is_no_alert() -> None:
    site = Site()
    site.set("board", "192.168.1.9", None)
    site.run(1000)
    assert site.sent() == []


def test_a_device_that_is_no_longer_known_is_cleared() -> None:
    site = Site()
    site.set("device", "north:reader", False)
    site.run(100)
    site.devices.clear()
    site.run(4)
    assert [state for _, _, state in site.sent()] == ["raised", "cleared"]


def test_an_alert_of_before_a_restart_is_not_raised_again() -> None:
    first, second = Site(), Site()
    first.set("camera", "gate-1", False)
    first.run(100)
    second.book.load(first.book.raised())
    second.set("camera", "gate-1", False)
    second.run(1000)
    assert second.sent() == []
    second.set("camera", "gate-1", True)
    second.run(400)
    assert second.sent() == [("camera_offline", "gate-1", "cleared")]


def test_a_condition_of_the_hub_has_its_sentence() -> None:
    site = Site()
    site.conditions = [Condition(AlertKind.DISK_LOW, "/data", True, "Only 3 MB are free. Make room.")]
    site.run(20)
    [(_, shown)] = site.book.unsaved()[1]
    assert (shown["kind"], shown["sentence"]) == ("disk_low", "Only 3 MB are free. Make room.")
    site.conditions = [Condition(AlertKind.DISK_LOW, "/data", False, "")]
    site.run(400)
    assert [state for _, _, state in site.sent()] == ["raised", "cleared"]


def test_the_event_loop_may_go_on_between_the_states_of_two_devices() -> None:
    """A hub of thousands of cameras does not make the states of all of them in one go."""
    steps: list[str] = []

    def states() -> Iterator[DeviceState]:
        for name in ("a", "b", "c"):
            steps.append(name)
            yield DeviceState("camera", name, name, True, NOW)

    Watch(AlertBook(300.0), 60.0, 300.0, breathe=lambda: steps.append("breathe")).poll([states], [])
    assert steps == ["a", "breathe", "b", "breathe", "c", "breathe"]
