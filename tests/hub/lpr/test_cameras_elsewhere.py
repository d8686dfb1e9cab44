"""What two hubs tell each other of cameras, as JSON: bounded, and whatever a message holds."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest

from hub.contract.errors import ContractError
from hub.live.relay import MAX_TEXT_BYTES
from hub.lpr.cameras import Cameras
from hub.lpr.repository.repositories import Repositories

MOST = 5


@pytest.fixture
def pair(app) -> tuple[Cameras, Cameras]:
    return tuple(made(app.extensions["gatehouse"]) for _ in range(2))


def made(parts: Any) -> Cameras:
    store = Repositories.create(parts.backend, parts.reader)
    return Cameras(parts.writer, store, parts.bus, None, 900, max_cameras=3, max_components=MOST)


def report(name: str, message: str = "fine", details: str = "{}", at: float = 0.0) -> dict[str, Any]:
    moment = at or time.time()
    known = {"component": name, "status": "ok", "message": message, "details": details}
    return {**known, "occurred_at": moment, "received_at": moment}


def tell(one: Cameras, other: Cameras, everything: bool = False) -> list[dict[str, Any]]:
    messages = json.loads(json.dumps(one.states_here(everything)))
    for message in messages:
        other.state_elsewhere(message)
    return messages


def test_counts_are_told_once_and_components_again_to_a_hub_that_comes(pair: tuple[Cameras, Cameras]) -> None:
    one, other = pair
    one.seen("a", "c", "rest", "10.0.0.1")
    for _ in range(3):
        one.counted("a", "detections")
    one.component("a", report("Lens", "dirty"))
    tell(one, other)
    assert tell(one, other) == []
    tell(one, other, everything=True)
    [shown] = other.all()
    assert (shown["detection_count"], shown["health_count"]) == (3, 0)
    assert [part["message"] for part in shown["components"]] == ["dirty"]
    one.component("a", report("Lens", "older", at=1000.0))
    [message] = one.states_here(True)
    other.state_elsewhere({**message, "components": [{**message["components"][0], "at": 1000.0, "message": "older"}]})
    assert other.all()[0]["components"][0]["message"] == "dirty", "an older report changes nothing"


def test_messages_are_bounded(pair: tuple[Cameras, Cameras]) -> None:
    one, other = pair
    one.seen("a", "c", "rest", "10.0.0.1")
    for number in range(MOST):
        one.component("a", report(f"part {number}", "x" * 5000, json.dumps({"log": "y" * 30_000})))
    [message] = one.states_here(False)
    assert 0 < len(message["components"]) < MOST and len(json.dumps(message)) < MAX_TEXT_BYTES / 2
    other.state_elsewhere(message)
    many = [{**message["components"][0], "component": str(number)} for number in range(4 * MOST)]
    other.state_elsewhere({**message, "components": many})
    assert len(other.all()[0]["components"]) == MOST


@pytest.mark.parametrize(
    "change",
    [
        {"counts": {"detections": -5, "health_reports": "many"}},
        {"counts": [1]},
        {"counts": {"online": 7, "detections": 10**400}},
        {"clock": 1e300},
        {"clock": "late"},
        {"components": [{"component": "x"}]},
        {"components": ["x"]},
        {"components": [{**report("x"), "at": "now"}]},
        {"components": [{**report("x"), "at": 1.0, "details": {"z": "z" * 100_000}}]},
        {"components": 5},
    ],
)
def test_what_is_no_state_costs_nothing(pair: tuple[Cameras, Cameras], change: dict[str, Any]) -> None:
    one, other = pair
    one.seen("a", "c", "rest", "10.0.0.1")
    one.counted("a", "detections")
    [message] = one.states_here(False)
    with suppress(KeyError, TypeError, ValueError, ContractError):
        other.state_elsewhere({**message, **change})
    for shown in other.all():
        json.dumps(shown)
        assert shown["components"] == [] and 0 <= shown["detection_count"] < 10**9
    other.state_elsewhere(message)
    assert other.all()[0]["detection_count"] >= 1


def test_names_that_gave_way_are_not_kept_to_be_told(pair: tuple[Cameras, Cameras]) -> None:
    """A hub that is alone is never asked what it has to tell."""
    one, _ = pair
    for number in range(100):
        one.seen(f"n{number}", "c", "rest", f"10.0.{number}.1")
    assert len(one._to_tell) <= 3
