"""Every page on the simulated gate, on a desk and on a phone, light and dark, in every language, without its hub."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from hub.languages.choice import direction
from tests.browser.running_gate import RunningGate
from tests.browser.visitor import AXE, SCHEMES, SIZES, Visitor, visiting
from tests.support.browser import MARKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS
PAGES = (
    "/",
    "/plates",
    "/watchlist",
    "/vehicles",
    "/apriltags",
    "/video",
    "/track",
    "/devices",
    "/status",
    "/docs",
    "/login",
    "/account",
    "/accounts",
    "/audit",
    "/maintenance",
    "/first-steps",
    "/alarms",
    "/records",
    "/records/capture/{capture}",
    "/records/detection/{detection}",
    "/records/capture/{capture}/ticket",
    "/reports/{today}",
    "/visits",
    "/visits/{visit}",
    "/visits/{visit}/ticket",
)
LIVE = ("/", "/plates", "/visits", "/video", "/track", "/status")  # every way in which a page takes its live data
LETTERS = {"th": "[\u0e00-\u0e7f]", "fa": "[\u0600-\u06ff]"}
"""A letter of each language besides English, as a regular expression."""
OPEN_DETAILS = (
    "() => { for (const one of [...document.querySelectorAll('main details')].slice(0, 3)) one.open = true; }"
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page(gate: RunningGate, visitor: Visitor, path: str) -> None:
    name = re.sub(r"[{}]", "", path.strip("/").replace("/", "-")) or "gate"
    address = path.format(
        capture=gate.newest("/api/captures?station=station-1", "captures"),
        detection=gate.newest("/api/records?camera_id=simulated-plates", "records"),
        visit=gate.newest("/api/visits", "visits"),
        today=f"{datetime.now():%Y-%m-%d}",
    )
    for size, checked in zip(SIZES, SCHEMES, strict=True):
        visitor.size(size)
        visitor.open(address)
        for scheme in SCHEMES:
            visitor.scheme(scheme)
            visitor.shot(f"{name}-{size}-{scheme}")
        visitor.scheme(checked)  # light on a desk and dark on a phone: between them every colour and every layout
        visitor.tab.evaluate(OPEN_DETAILS)
        visitor.axe()
        visitor.check()


@pytest.mark.parametrize("language", LETTERS)
def test_a_page_in_another_language(browser: Browser, gate: RunningGate, language: str) -> None:
    with visiting(browser, gate.hub, locale=language) as visitor:
        for path in ("/", "/plates"):
            for size in SIZES:
                visitor.size(size)
                visitor.open(path)
                root = visitor.tab.locator("html")
                assert (root.get_attribute("lang"), root.get_attribute("dir")) == (language, direction(language))
                visitor.tab.locator("nav details").evaluate("menu => menu.open = true")
                words = [*visitor.texts("nav a"), *visitor.texts("nav summary"), *visitor.texts("#link")]
                assert len(words) > 5 and all(re.search(LETTERS[language], text) for text in words), words
                visitor.tab.locator("nav details").evaluate("menu => menu.open = false")
                visitor.shot(f"{path.strip('/') or 'gate'}-{size}-{language}")
                visitor.check()
            visitor.axe()


def test_axe_is_there() -> None:
    if not AXE.exists():
        pytest.skip("The pages were not looked at with axe-core, which is not installed (CONTRIBUTING.md).")


def test_what_is_wrong_is_noticed(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/")
    visitor.tab.evaluate(
        """() => {
            console.error("broken");
            const paragraph = document.createElement("p");
            paragraph.textContent = "pale";
            paragraph.style.color = "#999";
            paragraph.style.width = "3000px";
            const image = document.createElement("img");
            image.src = "http://127.0.0.2:8/picture.png";
            document.querySelector("main").append(paragraph, document.createElement("h1"), image);
            fetch("/api/captures/none");
        }"""
    )
    visitor.wait(lambda: any("HTTP 404" in text for text in visitor.complaints), what="the answer")
    with pytest.raises(AssertionError) as caught:
        visitor.check()
    for text in ("console error: broken", "another host", "scrolls sideways", "2 h1", "HTTP 404"):
        assert text in str(caught.value)
    if AXE.exists():
        with pytest.raises(AssertionError, match="color-contrast") as caught:
            visitor.axe()
        assert "image-alt" in str(caught.value)
    visitor.open("/")


def test_a_hub_that_is_frozen_is_not_live(browser: Browser, gate: RunningGate) -> None:
    with ExitStack() as stack:
        visitors = [stack.enter_context(visiting(browser, gate.hub)) for _ in LIVE]
        for visitor, path in zip(visitors, LIVE, strict=True):
            visitor.open(path)
        gate.hub.process.send_signal(signal.SIGSTOP)
        try:
            for visitor in visitors:
                visitor.tab.locator("#cut", has_text="Cut off since").wait_for(timeout=30_000)
                assert visitor.texts("#link") == ["cut off"] and "Cut off" in visitor.tab.title()
            visitors[0].shot("gate-cut-off")
            visitors[0].axe()
        finally:
            gate.hub.process.send_signal(signal.SIGCONT)
        for visitor in visitors:
            visitor.tab.locator("#cut", has_text="Connected again").wait_for(timeout=30_000)
            visitor.live()
            visitor.complaints.clear()  # what did not answer meanwhile


def test_a_page_goes_on_after_a_restart_of_the_hub(gate: RunningGate, visitor: Visitor) -> None:
    visitor.open("/")
    gate.hub.stop()
    visitor.tab.locator("#cut", has_text="Cut off since").wait_for()
    gate.hub.start()
    gate.capture("after the restart", number="30303", tag="E20034120103")
    visitor.tab.locator("#cut", has_text="Connected again").wait_for(timeout=20_000)
    visitor.live()
    visitor.tab.get_by_text("30303", exact=True).first.wait_for()
    visitor.tab.get_by_text("E20034120103").first.wait_for()
    visitor.complaints.clear()  # connections that were refused
