"""Barriers as an operator has them: opened on the page of the gate, stopped and released on every page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import SIZES, Visitor, visiting
from tests.support.barriers import BarrierHub, Receiver, http_barrier, receiver
from tests.support.browser import MARKS
from tests.support.helpers import wait_for
from tests.support.webhooks import status

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS


@pytest.fixture
def relay() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def own_hub(tmp_path, relay) -> Iterator[BarrierHub]:
    with BarrierHub(tmp_path / "instance", http_barrier(relay), http_barrier(relay, name="off", enabled=False)) as hub:
        yield hub


@pytest.fixture
def operator(browser: Browser, own_hub: BarrierHub) -> Iterator[Visitor]:
    with visiting(browser, own_hub) as one:
        yield one


def test_a_double_click_opens_once_and_the_last_pulse_is_shown(own_hub, operator, relay) -> None:
    operator.open("/")
    row = operator.tab.locator("#barriers [data-barrier=north]")
    row.get_by_text("Not opened yet").wait_for()
    assert operator.tab.locator("#barriers [data-barrier]").count() == 1, "one that is turned off has no button"
    row.get_by_role("button", name="Open north").dblclick()
    row.get_by_text("Opened by").wait_for()
    assert len(relay.received) == 1 and row.get_by_role("button").is_disabled()
    operator.shot("barriers-opened")
    operator.axe()
    wait_for(lambda: row.get_by_role("button").is_enabled(), what="the button's coming back")
    own_hub.publish()
    row.get_by_text("Opened by itself").wait_for()
    operator.check()


def test_beside_a_visit_the_pulse_of_another_one_is_not_its_own(own_hub, operator) -> None:
    operator.open("/")
    own_hub.publish(id="v1")
    operator.tab.locator("#barriers [data-barrier=north]").get_by_text("Opened by itself").wait_for()
    script = """async () => {
        const { barrierButtons } = await import("/static/barriers.js");
        for (const visit of ["v1", "v2"]) {
            const place = document.createElement("div");
            place.id = visit;
            place.append(barrierButtons("NORTH  gate", visit));
            document.querySelector("main").append(place);
        }
    }"""
    operator.tab.evaluate(script)
    operator.tab.locator("#v1").get_by_text("Opened by itself").wait_for()
    operator.tab.locator("#v2").get_by_text("Last opened for another visit").wait_for()
    operator.check()


def test_the_stop_is_on_every_page_and_holds_until_somebody_releases(own_hub, operator, browser, relay) -> None:
    with visiting(browser, own_hub) as other:
        other.open("/")
        open_button = other.tab.locator("#barriers").get_by_role("button", name="Open north")
        open_button.wait_for()
        for page in ("/records", "/devices", "/status", "/audit"):
            operator.open(page)
            operator.tab.get_by_role("button", name="Stop barriers").wait_for()
        operator.tab.get_by_role("button", name="Stop barriers").click()
        operator.tab.locator("#barriers-stopped", has_text="All barriers are stopped since").wait_for()
        other.tab.locator("#barriers-stopped", has_text="All barriers are stopped since").wait_for()
        wait_for(open_button.is_disabled, what="the button's waiting")
        assert not other.tab.get_by_role("button", name="Stop barriers").is_visible()
        other.shot("barriers-stopped")
        other.axe()
        own_hub.publish()
        own_hub.stop()
        own_hub.start()
        operator.complaints.clear()
        other.complaints.clear()
        operator.open("/plates")
        operator.tab.locator("#barriers-stopped").get_by_role("button", name="Release").click()
        operator.tab.locator("#barriers-stopped").wait_for(state="hidden")
        other.tab.locator("#barriers-stopped").wait_for(state="hidden")
        other.tab.get_by_role("button", name="Stop barriers").wait_for()
        assert relay.received == []
        operator.open("/audit")
        operator.tab.locator("#entries", has_text="released all barriers").wait_for()
        operator.complaints.clear()
        other.complaints.clear()
        other.check()


def test_a_relay_that_fails_is_said_beside_its_button(operator, relay) -> None:
    relay.answer = lambda handler: status(handler, 500)
    operator.open("/")
    row = operator.tab.locator("#barriers [data-barrier=north]")
    row.get_by_role("button", name="Open north").click()
    row.get_by_text("it answers 500").wait_for()
    operator.tab.locator("#alarms", has_text="it answers 500").wait_for()
    operator.shot("barriers-failed")
    operator.complaints.clear()


def test_a_phone_shows_the_stop(operator) -> None:
    width, height = SIZES["phone"]
    operator.tab.set_viewport_size({"width": width, "height": height})
    operator.open("/")
    operator.tab.get_by_role("button", name="Stop barriers").wait_for()
    operator.tab.get_by_role("button", name="Open north").wait_for()
    operator.shot("barriers-phone")
    operator.axe()
    operator.check()
