"""A page without its hub, in a real browser: it says so, and brings back what it missed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hub.pages.test_home import numbers, store
from tests.support.browser import MARKS, Page
from tests.support.chaos.links import Link
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4, post

pytestmark = [*MARKS, pytest.mark.slow]


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "instance") as process:
        yield process


def link(page: Page) -> str:
    return str(page.value("document.querySelector('#link').innerText"))


def banner(page: Page) -> str:
    return str(page.value("document.querySelector('#cut:not([hidden])')?.innerText ?? ''"))


def test_no_capture_of_a_restart_is_missing(own_hub: HubProcess, page: Page) -> None:
    for number in range(30):
        store(own_hub, f"before {number}", number=f"1{number:04}")
    page.open(f"{own_hub.url}/")
    wait_for(lambda: link(page) == "live" and len(numbers(page)) == 30, what="the page")
    own_hub.kill()
    wait_for(lambda: banner(page).startswith("Cut off since"), what="the banner")
    assert page.value("document.title").startswith("Cut off")
    own_hub.start()
    # Some are stored before the page is there again, some after.
    for number in range(30):
        store(own_hub, f"missed {number}", number=f"2{number:04}")
    wait_for(lambda: link(page) == "live", what="the live page")
    expected = [f"2{number:04}" for number in reversed(range(30))] + [f"1{number:04}" for number in reversed(range(30))]
    wait_for(lambda: numbers(page) == expected, what="every capture, once and in order")
    assert "Connected again" in banner(page)


@pytest.fixture
def network(own_hub: HubProcess) -> Iterator[Link]:
    """The way from the browser to the hub."""
    link = Link(own_hub.port)
    yield link
    link.cut()


@contextmanager
def without_network(network: Link, page: Page) -> Iterator[None]:
    """There is no network inside the block, and the page has noticed it; the hub goes on."""
    network.cut()
    wait_for(lambda: banner(page).startswith("Cut off since"), what="the banner")
    yield
    network.restore()


def test_what_was_missed_is_counted(own_hub: HubProcess, network: Link, page: Page) -> None:
    store(own_hub, "before", number="10000")
    page.open(f"http://127.0.0.1:{network.port}/")
    wait_for(lambda: link(page) == "live" and len(numbers(page)) == 1, what="the page")
    with without_network(network, page):
        for number in range(7):
            store(own_hub, f"missed {number}", number=f"2{number:04}")
    wait_for(lambda: "7 added." in banner(page), 30, "the count")
    wait_for(lambda: len(numbers(page)) == 8, what="all of them")


def test_what_a_search_does_not_show_is_counted(own_hub: HubProcess, network: Link, page: Page) -> None:
    shown = "[...document.querySelectorAll('.detection .plate bdi')].map((node) => node.textContent)"
    post(own_hub, "/api/detection", g4(ocr_results=["AB 1"], plate_detections=[]))
    page.open(f"http://127.0.0.1:{network.port}/plates?plate=AB")
    wait_for(lambda: link(page) == "live" and page.value(shown) == ["AB 1"], what="the search")
    with without_network(network, page):
        for number in range(3):
            post(own_hub, "/api/detection", g4(ocr_results=[f"XX {number}"], plate_detections=[]))
    wait_for(lambda: "3 came meanwhile, which this search does not show" in banner(page), 30, "the count")
    assert page.value(shown) == ["AB 1"]


def missed(hub: HubProcess, number: int) -> None:
    store(hub, f"missed {number}", number=f"2{number:04}", started_ts=1769590000.0 + number)


def test_after_very_many_the_list_is_loaded_anew(own_hub: HubProcess, network: Link, page: Page) -> None:
    store(own_hub, "before", number="10000")
    page.open(f"http://127.0.0.1:{network.port}/")
    wait_for(lambda: link(page) == "live" and len(numbers(page)) == 1, what="the page")
    with without_network(network, page):
        with ThreadPoolExecutor(8) as senders:
            list(senders.map(lambda number: missed(own_hub, number), range(510)))
    wait_for(lambda: "More than 500 came meanwhile" in banner(page), 30, "the sentence")
    wait_for(lambda: numbers(page)[:1] == ["20509"], what="the newest")
    shown = numbers(page)
    expected = [f"2{number:04}" for number in range(509, 509 - len(shown), -1)]
    assert len(shown) >= 30 and shown == expected, "the newest of them, without a gap"
