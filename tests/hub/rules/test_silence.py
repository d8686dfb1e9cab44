"""Since when a camera or a station is silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from hub.contract.device_state import DeviceState
from hub.rules.rule import Kind
from hub.rules.service import Rules
from hub.rules.silence import Silence

STARTED = 1_000_000.0


def test_a_camera_is_silent_since_it_was_heard_or_since_the_hub_started() -> None:
    """After a night without the hub no camera is told of before it had time to come back."""
    states = [
        DeviceState("camera", name, name, False, STARTED + heard) for name, heard in (("a", -9000.0), ("b", 60.0))
    ]
    found = Silence(STARTED).happenings([lambda: states], lambda kind: True, STARTED + 100)
    assert {each.device: each.silent_since for each in found} == {"a": STARTED, "b": STARTED + 60}


def test_a_station_that_only_sends_captures_is_silent_since_its_last_one() -> None:
    """Station software that reports no state is known by its captures."""
    silence = Silence(STARTED)
    silence.captured("old", STARTED + 20)
    silence.captured("new", STARTED + 30)
    states = [DeviceState("station", "new", "new", True, STARTED + 90)]
    found = list(silence.happenings([lambda: states], lambda kind: kind is Kind.STATION_SILENT, STARTED + 100))
    assert [(each.device, each.silent_since) for each in found] == [("new", STARTED + 30), ("old", STARTED + 20)]
    assert not list(silence.happenings([lambda: states], lambda kind: False, STARTED + 100))


def test_the_event_loop_may_go_on_between_two_cameras(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub of thousands of cameras does not look at the silence of all of them in one go."""
    rules, steps = app.extensions["gatehouse"].part(Rules), []

    def states() -> Iterator[DeviceState]:
        for name in ("a", "b"):
            steps.append(name)
            yield DeviceState("camera", name, name, False, STARTED)

    monkeypatch.setattr(rules, "_breathe", lambda: steps.append("breathe"))
    monkeypatch.setattr(rules, "_look_at", 0.0)
    rules.step([states])
    assert steps == ["a", "breathe", "b", "breathe"]
