"""Alarms over every page: seen, heard, acknowledged, and old after a reload."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import requests

from tests.hub.pages.test_home import store
from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4, post

pytestmark = MARKS
BANNERS = "[...document.querySelectorAll('#alarms:not([hidden]) .alarm')].map((node) => node.innerText)"
STATE = "document.querySelector('#sound').dataset.state"
LONG = 60.0  # seconds: alerts are looked for, told and drawn one after the other, and a busy machine does each slowly
LISTEN = "window.rung = []; addEventListener('rang', (event) => window.rung.push(event.detail))"


def opened(hub: HubProcess, page: Page, path: str) -> None:
    page.open(f"{hub.url}{path}")
    wait_for(lambda: page.value("document.querySelector('#sound:not([hidden])') !== null"), LONG, "the bell")
    wait_for(lambda: page.value("document.querySelector('#link')?.innerText ?? 'live'") == "live", LONG, "the page")
    page.value(LISTEN)


def turn_sound_on(page: Page) -> None:
    """Turn it on, or on again: it begins with a press, which is repeated until the browser plays."""

    def is_on() -> bool:
        state = page.value(STATE)
        if state == "off":
            page.value("document.querySelector('#sound').click()")
        elif state == "blocked":
            page.press("Tab", 9)
        return state == "on"

    page.press("Tab", 9)
    wait_for(is_on, LONG, "the sound")


def banners(page: Page) -> list[str]:
    return page.value(BANNERS)


def in_one_millisecond(hub: HubProcess) -> None:
    """Give the stored alarms the times of a busy hub, which looks at many records in one go; the newest is the last."""
    with closing(sqlite3.connect(hub.instance / "hub.db", timeout=10)) as database, database:
        [(newest,)] = database.execute("SELECT max(last_at) FROM alerts")
        changed = database.execute(
            "UPDATE alerts SET last_at = ? + 0.00001 * seq WHERE kind = 'capture_failed'", (int(newest) + 1.5,)
        )
        assert changed.rowcount >= 4


def hit(hub: HubProcess, plate: str) -> None:
    body = {"plate": plate, "action": "deny", "reason": "Unpaid"}
    requests.post(f"{hub.url}/api/watchlist", json=body, timeout=10).raise_for_status()
    post(hub, "/api/detection", g4(timestamp="", created_at="", ocr_results=[plate], plate_detections=[]))


def seen(page: Page) -> None:
    page.value("document.querySelector('#alarms .seen').click()")


def test_an_alarm_is_on_every_page_until_it_was_seen(hub: HubProcess, page: Page) -> None:
    opened(hub, page, "/status")
    assert banners(page) == []
    turn_sound_on(page)
    hit(hub, "AB 123")
    [banner] = wait_for(lambda: banners(page), LONG, "the banner")
    assert "AB 123" in banner and "Unpaid" in banner
    assert page.value("window.rung") == [{"urgent": True, "heard": True}]
    assert page.value("document.title").startswith("(1) ")
    for path in ("/audit", "/", "/alarms"):
        opened(hub, page, path)
        wait_for(lambda: len(banners(page)) == 1, what="the banner on another page")
        assert page.value("window.rung") == [], "it is old"
    wait_for(lambda: page.value("document.querySelectorAll('#list .seen').length") == 1, what="the list")
    seen(page)
    wait_for(lambda: banners(page) == [], what="its end")
    assert not page.value("document.title").startswith("(")
    wait_for(
        lambda: "Seen: this machine" in page.value("document.querySelector('#list .by').innerText"), what="who saw it"
    )


def test_what_one_page_has_seen_leaves_the_others(hub: HubProcess, page: Page) -> None:
    opened(hub, page, "/audit")
    hit(hub, "CD 456")
    wait_for(lambda: len(banners(page)) == 1, LONG, "the banner on a page without live data")
    wait_for(lambda: page.value("window.rung.length") == 1, what="the sound with it")
    [alarm] = hub.get("/api/alerts/unseen")["alarms"]
    requests.post(f"{hub.url}/api/alerts/{alarm['id']}/acknowledge", timeout=10).raise_for_status()
    wait_for(lambda: banners(page) == [], what="its end")


def test_failures_do_not_drown_the_operator(hub: HubProcess, page: Page) -> None:
    opened(hub, page, "/plates")
    turn_sound_on(page)
    page.value("document.querySelector('#sound').click()")
    wait_for(lambda: page.value(STATE) == "off", what="the mute")
    for number in range(4):
        for station in ("east", "north", "south", "west"):
            store(hub, f"{station} {number}", station=station, number="", success=False, message="Unreadable")
    wait_for(lambda: "and 2 more" in " ".join(banners(page)), LONG, "two of them, and how many more")
    assert len(banners(page)) == 2
    wait_for(lambda: "4 vehicles" in " ".join(banners(page)[:1]), LONG, "the count")
    assert all(not rang["heard"] and not rang["urgent"] for rang in page.value("window.rung"))
    in_one_millisecond(hub)
    opened(hub, page, "/alarms")
    text = "document.querySelector('#list')?.innerText ?? ''"
    wait_for(lambda: page.value(text).count("4 vehicles") == 4, LONG, "the list with all failures")
    page.value("document.querySelector('.all').click()")
    wait_for(lambda: banners(page) == [], what="that all are seen")


def test_whoever_may_only_look_cannot_acknowledge(hub: HubProcess) -> None:
    stranger = {"Origin": "http://elsewhere.example"}
    answer = requests.post(f"{hub.url}/api/alerts/acknowledge", json={}, headers=stranger, timeout=10)
    assert answer.status_code == 403
