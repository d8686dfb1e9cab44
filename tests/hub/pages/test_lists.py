"""Lists of records in a real browser: their order, bursts, times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.hub.pages.test_home import numbers, store
from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, wait_for

pytestmark = MARKS
CHIP = "document.querySelector('.fresh button:not([hidden])')"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("lists") / "instance", HUB_TIMEZONE="Asia/Bangkok") as process:
        yield process


def capture(hub: HubProcess, number: str, seconds_ago: float = 0.0) -> None:
    """Store a capture that began so long ago and took two seconds."""
    began = time.time() - seconds_ago
    store(hub, number, number=number, started_ts=began, finished_ts=began + 2, timestamp="", tag_timestamp_iso="")


def opened(hub: HubProcess, page: Page, query: str = "") -> None:
    page.open(f"{hub.url}/{query}")
    wait_for(lambda: page.value("document.querySelector('#link').innerText") == "live", what="the live page")


def text(page: Page, selector: str) -> str:
    return str(page.value(f"document.querySelector({selector!r})?.innerText ?? ''"))


def test_what_arrives_late_stands_where_it_belongs_and_says_so(hub: HubProcess, page: Page) -> None:
    opened(hub, page)
    for number, ago in (("10001", 10), ("10003", 5), ("10000", 1800)):
        capture(hub, number, ago)
    wait_for(lambda: numbers(page) == ["10003", "10001", "10000"], what="the order of capture")
    assert page.value(
        "[...document.querySelectorAll('.event')].map((node) => node.querySelector('.late')?.innerText)"
    ) == [
        None,
        None,
        "arrived 29 min late",
    ]
    page.open(f"{hub.url}/")
    wait_for(lambda: numbers(page) == ["10003", "10001", "10000"], what="the same order after a reload")


def test_nothing_moves_while_somebody_reads(hub: HubProcess, page: Page) -> None:
    for number in range(28):
        capture(hub, f"2{number:04}", 100 - number)
    page.size(700, 600)
    opened(hub, page)
    wait_for(lambda: len(numbers(page)) > 25, what="a long list")
    page.value("scrollTo(0, document.querySelector('#list').offsetTop + 60)")
    top = "document.querySelectorAll('.event')[4].getBoundingClientRect().top"
    before, listed = page.value(top), numbers(page)
    for number in range(3):
        capture(hub, f"3{number:04}")
    wait_for(lambda: page.value(f"{CHIP}?.innerText") == "3 new", what="the button")
    assert (page.value(top), numbers(page)) == (before, listed)
    page.value(f"{CHIP}.click()")
    wait_for(lambda: numbers(page)[:4] == ["30002", "30001", "30000", listed[0]], what="the new ones")
    assert page.value("scrollY") == 0 and page.value(CHIP) is None
    page.size(1366, 768)


def test_a_burst_changes_the_page_a_few_times(hub: HubProcess, page: Page) -> None:
    opened(hub, page)
    page.value(
        "window.changes = 0; new MutationObserver(() => { window.changes += 1; })"
        ".observe(document.querySelector('#list'), { childList: true })"
    )
    began = time.monotonic()
    for number in range(60):
        capture(hub, f"4{number:04}")
    wait_for(lambda: numbers(page)[:60] == [f"4{number:04}" for number in reversed(range(60))], what="all of them")
    assert page.value("window.changes") <= 4 * (time.monotonic() - began) + 2


def test_a_search_of_older_versions_leads_to_the_records(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/?number=50001")
    wait_for(lambda: page.value("location.pathname + location.search") == "/records?number=50001", what="the records")


@pytest.mark.parametrize("zone, shown", [("Asia/Bangkok", ""), ("Europe/Berlin", " +07:00")])
def test_times_are_the_sites(hub: HubProcess, page: Page, zone: str, shown: str) -> None:
    capture(hub, f"7{len(zone):04}")
    page.call("Emulation.setTimezoneOverride", timezoneId=zone)
    opened(hub, page)
    row = hub.get("/api/captures", limit=1, order="time")["captures"][0]
    local = datetime.fromisoformat(row["captured_at"]).astimezone(UTC) + timedelta(hours=7)
    assert text(page, ".event time") == f"{local:%H:%M:%S}{shown}"
    page.call("Emulation.setTimezoneOverride", timezoneId="")
