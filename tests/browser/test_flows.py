"""What people do on the pages, clicked through on the simulated gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.running_gate import LISTED, RunningGate
from tests.browser.visitor import Visitor, visiting
from tests.support.browser import MARKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS


def test_a_new_capture_appears_by_itself(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/")
    gate.capture("live", number="40404", tag="E20034120104")
    visitor.tab.get_by_text("40404", exact=True).first.wait_for()
    visitor.tab.get_by_text("E20034120104").first.wait_for()


def test_a_search_stays_in_the_address(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/plates")
    visitor.tab.locator("#search [name=plate]").fill("ایران")
    visitor.tab.locator("#search").get_by_role("button", name="Find").click()
    visitor.wait(lambda: visitor.texts("#plates .plate bdi") == ["ایران ۱۲ب۳۴۵"], what="the one that was searched")
    visitor.open("/plates?" + visitor.tab.url.partition("?")[2])
    visitor.wait(lambda: visitor.texts("#plates .plate bdi") == ["ایران ۱۲ب۳۴۵"], what="the same after a reload")
    visitor.axe()


def test_the_plates_of_the_simulated_gate_are_there(gate: RunningGate, visitor: Visitor) -> None:
    painted = gate.hub.get("/api/records", camera_id="simulated-plates")["records"][0]["plates"][0]["text"]
    visitor.open("/plates")
    visitor.tab.locator("#plates").get_by_text(painted, exact=True).first.wait_for()


def test_a_listed_plate_raises_an_alarm(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/plates")
    gate.plate(LISTED)
    visitor.tab.get_by_text("stolen").first.wait_for()
    visitor.shot("plates-alert")
    visitor.axe()


def test_a_picture_is_enlarged(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/")
    visitor.tab.locator("button.picture.primary").first.click()
    visitor.tab.locator("#viewer[open] img").wait_for()
    visitor.shot("gate-viewer")
    visitor.axe()
    visitor.tab.keyboard.press("Escape")
    visitor.tab.locator("#viewer[open]").wait_for(state="detached")


def test_an_account_from_its_making_to_its_log_out(browser: Browser, gate: RunningGate, visitor: Visitor) -> None:
    tab = visitor.tab
    visitor.open("/accounts")
    tab.locator("#add [name=name]").fill("gate desk")
    tab.locator("#add [name=role]").select_option("operator")
    tab.get_by_role("button", name="Add").click()
    tab.locator("#made").wait_for()
    password = tab.locator("#made-password").inner_text()
    visitor.axe()
    with visiting(browser, gate.hub) as person:
        person.open("/login")
        person.tab.locator("[name=name]").fill("gate desk")
        person.tab.locator("[name=password]").fill(password)
        person.tab.get_by_role("button", name="Log in").click()
        person.live()
        person.tab.locator(".who summary").click()
        person.axe()
        person.open("/account")
        person.shot("account-logged-in")
        person.axe()
        person.tab.locator(".who summary").click()
        person.tab.get_by_role("button", name="Log out").click()
        person.tab.wait_for_url("**/login*")
    visitor.open("/audit")
    tab.get_by_text("gate desk").first.wait_for()
    visitor.axe()


def test_stored_data_is_checked(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/maintenance")
    visitor.tab.get_by_role("button", name="Check everything").click()
    visitor.tab.locator("#checked", has_text="everything is whole").wait_for()
    visitor.axe()


def test_an_address_of_the_interface_is_found(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/docs")
    visitor.tab.locator("#words").fill("captures")
    visitor.tab.get_by_text("/api/captures", exact=True).first.click()
    visitor.axe()
    visitor.shot("docs-captures")
