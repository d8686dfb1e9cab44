"""What an operator does all day: corrects, searches, exports, protects, prints, enlarges, answers alarms."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.running_gate import RunningGate
from tests.browser.visitor import Visitor, visiting
from tests.support.browser import MARKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS
FAILED = {"number": "", "success": False, "message": "Max attempts reached (10)", "errors": ["No label"]}
HEARD = "() => { window.heard = []; addEventListener('rang', (event) => heard.push(event.detail)); }"


def find(visitor: Visitor, text: str) -> None:
    """Search the records for a part of a number, tag or plate."""
    visitor.tab.locator("#search [name=text]").fill(text)
    visitor.tab.locator("#search").get_by_role("button", name="Find").click()


def has_values(visitor: Visitor, *values: str) -> None:
    """Wait until the list of records has these values and no other."""
    visitor.wait(lambda: visitor.texts("#records .value a") == list(values), what=f"{values}")


def test_an_unread_number_is_corrected_and_found(gate: RunningGate, visitor: Visitor) -> None:
    stored = gate.capture("to be corrected", tag="E2003412020999", **FAILED)
    visitor.open("/records")
    visitor.tab.get_by_role("button", name="To be read").click()
    visitor.tab.locator("#records").get_by_text("E2003412020999").wait_for()
    visitor.open(f"/records/capture/{stored['id']}")
    visitor.tab.locator("#correct [name=value]").fill("61934")
    visitor.tab.locator("#correct [name=note]").fill("read from the picture")
    visitor.tab.locator("#correct").get_by_role("button", name="Correct").click()
    visitor.tab.locator("#value", has_text="61934").wait_for()
    visitor.tab.locator("#history", has_text="read from the picture").wait_for()
    visitor.shot("records-corrected")
    visitor.axe()
    visitor.check()
    capture = gate.hub.get(f"/api/captures/{stored['id']}")["capture"]
    assert (capture["number"], capture["corrected_number"]) == ("", "61934")
    visitor.open("/records")
    find(visitor, "1934")
    has_values(visitor, "61934")


def test_a_misread_plate_is_found_by_what_was_read_and_by_what_it_is(gate: RunningGate, visitor: Visitor) -> None:
    stored = gate.plate("KLM 4711")
    visitor.open(f"/records/detection/{stored['detection_id']}")
    visitor.tab.locator("#correct [name=value]").fill("KLM 9711")
    visitor.tab.locator("#correct").get_by_role("button", name="Correct").click()
    visitor.tab.locator("#value", has_text="KLM 9711").wait_for()
    for part in ("M471", "M971"):
        visitor.open("/records")
        find(visitor, part)
        visitor.tab.locator("#records .record").get_by_text("KLM 9711").wait_for()
        visitor.wait(lambda: len(visitor.texts("#records .record")) == 1, what="the one record")


def test_a_search_of_the_records_stays_in_the_address(gate: RunningGate, visitor: Visitor) -> None:
    gate.capture("searched", number="71717")
    visitor.open("/records")
    find(visitor, "171")
    has_values(visitor, "71717")
    visitor.open("/records?" + visitor.tab.url.partition("?")[2])
    has_values(visitor, "71717")
    gate.capture("after the search", number="81810")
    visitor.tab.locator("#search").get_by_role("button", name="Newest").click()
    visitor.tab.locator("#records").get_by_text("81810").wait_for()


def test_what_is_filtered_is_exported(gate: RunningGate, visitor: Visitor, tmp_path: Path) -> None:
    gate.capture("exported", number="72727", tag="=HYPERLINK(1)")
    visitor.open("/records?text=7272")
    has_values(visitor, "72727")
    for kind in ("csv", "xlsx"):
        with visitor.tab.expect_download() as download:
            visitor.tab.locator(f"#{kind}").click()
        download.value.save_as(tmp_path / kind)
    text = (tmp_path / "csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert len(rows) == 2 and "72727" in rows[1]
    assert not any(cell.startswith(("=", "+", "@")) for cell in rows[1])
    with zipfile.ZipFile(tmp_path / "xlsx") as book:
        assert book.testzip() is None


def test_a_record_is_protected(gate: RunningGate, visitor: Visitor) -> None:
    stored = gate.capture("protected", number="73737")
    visitor.open(f"/records/capture/{stored['id']}")
    visitor.tab.get_by_role("button", name="Protect").click()
    visitor.tab.locator("#protected", has_text="Protected").wait_for()
    assert gate.hub.get(f"/api/captures/{stored['id']}")["capture"]["protected"] is True
    visitor.axe()


def test_a_ticket_and_a_report_are_printed(gate: RunningGate, visitor: Visitor) -> None:
    stored = gate.capture("printed", number="74747")
    for path, name in (
        (f"/records/capture/{stored['id']}/ticket", "ticket"),
        (f"/reports/{datetime.now():%Y-%m-%d}", "report"),
    ):
        visitor.open(path)
        visitor.axe()
        visitor.tab.emulate_media(media="print")
        for hidden in (".bar", "#print"):
            assert not visitor.tab.locator(hidden).is_visible()
        visitor.shot(f"{name}-print")
        paper = visitor.tab.pdf(format="A4")
        assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) <= (
            1 if name == "ticket" else 4
        )
        visitor.tab.emulate_media(media="screen")
        visitor.check()


def test_the_arrow_keys_go_on_to_the_next_picture(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/?station=station-1")  # those of the simulated gate have several pictures
    picture = visitor.tab.locator("#viewer[open] img")
    visitor.tab.locator(".hero button.picture").first.click()
    picture.wait_for()
    first = picture.get_attribute("src")
    visitor.tab.keyboard.press("ArrowRight")
    visitor.wait(lambda: picture.get_attribute("src") != first, what="the next picture")
    visitor.axe()
    visitor.tab.keyboard.press("ArrowLeft")
    visitor.wait(lambda: picture.get_attribute("src") == first, what="the first picture again")
    visitor.tab.keyboard.press("Escape")
    visitor.tab.locator("#viewer[open]").wait_for(state="detached")


def test_an_alarm_is_heard_on_every_page_until_somebody_has_seen_it(
    browser: Browser, gate: RunningGate, visitor: Visitor
) -> None:
    gate.watch("QRS 777", reason="wanted by the manager")
    with visiting(browser, gate.hub) as other:
        other.open("/status")
        visitor.open("/video")
        if visitor.tab.locator("#sound").get_attribute("aria-pressed") == "false":
            visitor.tab.locator("#sound").click()
        visitor.tab.evaluate(HEARD)
        gate.plate("QRS 777")
        for one in (visitor, other):
            one.tab.locator("#alarms .alarm", has_text="wanted by the manager").wait_for()
            assert one.tab.title().startswith("(")
        visitor.wait(lambda: visitor.tab.evaluate("heard.some((one) => one.urgent && one.heard)"), what="the sound")
        visitor.shot("video-alarm")
        visitor.axe()
        banner = visitor.tab.locator("#alarms .alarm", has_text="wanted by the manager")
        banner.get_by_role("button", name="Seen").click()
        for one in (visitor, other):
            one.tab.locator("#alarms .alarm", has_text="wanted by the manager").wait_for(state="detached")
    visitor.open("/alarms")
    row = visitor.tab.locator("#list li", has_text="wanted by the manager")
    assert "Seen:" in row.inner_text()
    visitor.axe()


def test_a_language_is_chosen_at_the_end_of_a_page(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/plates")
    visitor.tab.get_by_role("button", name="ไทย").click()
    visitor.tab.locator("html[lang=th]").wait_for()
    visitor.live()
    assert visitor.tab.url.endswith("/plates")
    visitor.open("/status")
    assert visitor.tab.locator("html").get_attribute("lang") == "th"
