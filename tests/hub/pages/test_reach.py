"""Every page can be used with the keyboard, by touch, on a phone and with a screen reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.hub.pages.test_home import store
from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4, post
from tests.support.tags import Board, tag_hub

pytestmark = MARKS
PATHS = (
    "/",
    "/alarms",
    "/plates",
    "/watchlist",
    "/vehicles",
    "/apriltags",
    "/video",
    "/track",
    "/devices",
    "/first-steps",
    "/status",
    "/accounts",
    "/audit",
    "/docs",
)
SMALL = """[...document.querySelectorAll('button, select, input:not(.unseen), summary, .bar a')]
    .filter((node) => node.checkVisibility({ contentVisibilityAuto: true }))
    .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([text]) => text)"""
UNNAMED = "[...document.querySelectorAll('th')].filter((node) => !node.textContent.trim()).length"
UNREACHED = """[...document.querySelectorAll('main *')]
    .filter((node) => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX) && node.tabIndex < 0
        && node.scrollWidth > node.clientWidth && !node.querySelector('a, button, input'))
    .map((node) => node.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("reach")) as process, Board(process, source="127.0.0.5") as board:
        board.reading(tag_id=7)
        store(process, "read", number="12345")
        store(process, "unread", number="", success=False, message="Max attempts reached", errors=["No label", "Dark"])
        post(process, "/api/detection", g4(ocr_results=["ایران ۱۲ب۳۴۵"], plate_detections=[]))
        status = {"station": "north", "state": "waiting", "cameras": [{"role": "primary", "state": "live"}]}
        requests.post(f"{process.url}/api/stations/status", json=status, timeout=10).raise_for_status()
        yield process


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
        assert page.complaints == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_within_reach(hub: HubProcess, page: Page, path: str) -> None:
    for width, height in ((1366, 768), (390, 844)):
        page.size(width, height)
        page.open(f"{hub.url}{path}")
        wait_for(
            lambda: page.value("document.querySelector('#link')?.innerText ?? 'live'") == "live", what="the live page"
        )
        assert page.value("document.querySelectorAll('h1').length") == 1
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value(SMALL) == [] and page.value(UNNAMED) == 0 and page.value(UNREACHED) == []


def test_the_first_tab_leads_past_the_navigation(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/plates")
    page.press("Tab", 9)
    assert page.value("document.activeElement.className") == "skip"
    assert page.value("document.activeElement.getBoundingClientRect().top") >= 0
    page.press("Enter", 13, "\r")
    wait_for(lambda: page.value("document.activeElement.id") == "main", what="the content")


def test_nothing_moves_for_those_who_ask_for_it(hub: HubProcess, page: Page) -> None:
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    for path in PATHS:
        page.open(f"{hub.url}{path}")
        assert page.value("document.getAnimations().length") == 0
    page.call("Emulation.setEmulatedMedia", features=[])


def test_names_of_every_script_are_isolated(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/plates")
    wait_for(
        lambda: page.value("document.querySelector('.detection .plate bdi')?.innerText") == "ایران ۱۲ب۳۴۵",
        what="the plate",
    )
