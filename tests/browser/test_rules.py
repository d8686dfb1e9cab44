"""Rules as an operator makes them: a rule is written, it fires, the banner is seen, the history says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests

from tests.browser.visitor import Visitor, visiting
from tests.support.browser import MARKS
from tests.support.helpers import HubProcess, capture_result

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS


@pytest.fixture
def own_hub(tmp_path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance") as hub:
        yield hub


@pytest.fixture
def operator(browser: Browser, own_hub: HubProcess) -> Iterator[Visitor]:
    with visiting(browser, own_hub) as one:
        yield one


def test_a_rule_is_made_fires_is_seen_and_switched_off(own_hub, operator) -> None:
    operator.open("/alarms")
    tab = operator.tab
    tab.locator("#rules li").nth(1).wait_for()
    tab.get_by_role("button", name="New rule").click()
    form = tab.locator("dialog.rule")
    form.get_by_label("Name").fill("Nobody read it")
    form.get_by_label("this happens").select_option("capture_failed")
    assert form.get_by_label("in order").is_hidden()
    form.get_by_label("camera or station").fill("north")
    operator.axe()
    operator.shot("rules-form")
    form.get_by_role("button", name="Save").click()
    rule = tab.locator("#rules li", has_text="Nobody read it")
    rule.get_by_text("a station reads no number").wait_for()
    body = capture_result(event_id="1", station="north", success=False, number="")
    assert requests.post(f"{own_hub.url}/api/captures", json=body, timeout=10).status_code == 201
    banner = tab.locator("#alarms", has_text="Nobody read it")
    banner.wait_for()
    sent = tab.locator("#sent li", has_text="Nobody read it")
    sent.wait_for()
    assert "banner and sound" in sent.inner_text()
    operator.shot("rules")
    operator.axe()
    rule.get_by_role("button", name="Switch off").click()
    rule.get_by_text("off", exact=True).wait_for()
    operator.check()


def test_two_editors_of_one_rule_and_a_mail_without_a_server(own_hub, operator) -> None:
    operator.open("/alarms")
    tab = operator.tab
    rule = tab.locator("#rules li", has_text="A camera has gone silent")
    rule.get_by_role("button", name="Change").click()
    path = f"{own_hub.url}/api/rules/camera-silent"
    assert requests.put(path, json={"version": 1, "enabled": False}, timeout=10).status_code == 200
    form = tab.locator("dialog.rule")
    form.get_by_label("for so many minutes").fill("45")
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Somebody has changed this rule meanwhile").wait_for()
    form.get_by_role("button", name="Cancel").click()
    tab.locator("#mail-test input").fill("gate@example.com")
    tab.locator("#mail-test").get_by_role("button", name="Send").click()
    tab.get_by_text("no mail server is set").wait_for()
    assert [one for one in operator.complaints if "409" not in one and "503" not in one] == []
    operator.complaints.clear()


def test_the_page_fits_a_phone(browser: Browser, own_hub: HubProcess) -> None:
    with visiting(browser, own_hub) as one:
        one.size("phone")
        one.open("/alarms")
        one.tab.locator("#rules li").nth(1).wait_for()
        one.tab.get_by_role("button", name="New rule").click()
        one.tab.locator("dialog.rule").get_by_role("button", name="Add times").first.click()
        one.axe()
        one.shot("rules-phone")
        one.check()
