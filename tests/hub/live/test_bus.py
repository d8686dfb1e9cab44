"""The bus: subscribers do not affect one another, and every event that is documented exists."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import pytest

from hub.live import events
from hub.live.bus import Bus, EventName
from tests.support.helpers import ROOT

NAMES = {name: value for name, value in vars(events).items() if isinstance(value, EventName)}


def test_every_subscriber_receives_the_payload_in_the_order_of_subscription() -> None:
    bus, received = Bus(), []
    for number in (1, 2):
        bus.subscribe(EventName("one"), lambda payload, number=number: received.append((number, payload)))
    bus.publish(EventName("one"), "payload")
    bus.publish(EventName("another"), "unheard")
    assert received == [(1, "payload"), (2, "payload")]


def test_a_subscriber_that_raises_is_logged_and_affects_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus, received = Bus(), []
    bus.subscribe(EventName("one"), lambda payload: payload["missing"])
    bus.subscribe(EventName("one"), received.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(EventName("one"), {})
    assert received == [{}] and "A subscriber of 'one' failed." in caplog.text and "KeyError" in caplog.text


@cache
def sources() -> str:
    """Everything that the hub is written in, without spaces."""
    return "".join("".join(path.read_text("utf-8").split()) for path in (ROOT / "hub").rglob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_published_and_has_a_subscriber(name: str, shared_app: Any) -> None:
    assert f".publish({name}," in sources()
    assert shared_app.extensions["gatehouse"].bus._subscribers[NAMES[name]]


def test_no_two_events_share_a_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES) == 21
