"""The bus: subscribers do not affect one another, and every event that is documented exists."""

from __future__ import annotations

import logging
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


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_published_and_has_a_subscriber(name: str, app: Any) -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "hub").rglob("*.py")]
    assert any("".join(source.split()).find(f".publish({name},") >= 0 for source in sources)
    assert app.extensions["gatehouse"].bus._subscribers[NAMES[name]]


def test_no_two_events_share_a_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES) == 20
