"""Pages in Thai and Persian, in a browser."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.support.browser import browser, needs_browser
from tests.support.helpers import HubProcess, wait_for


@needs_browser
def test_a_reader_chooses_a_language_and_reads_it(hub: HubProcess, tmp_path: Path) -> None:
    assert requests.post(f"{hub.url}/api/accounts", json={"name": "Ann", "role": "viewer"}, timeout=10).ok
    with browser(tmp_path) as page:
        page.size(390, 844)
        page.open(f"{hub.url}/apriltags?tag=7")
        wait_for(
            lambda: page.value("document.querySelector('#link span').textContent") == "live", what="the connection"
        )

        page.value("document.querySelector('.languages [value=fa]').click()")
        wait_for(lambda: page.value("document.documentElement.dir") == "rtl", what="the Persian page")
        assert page.value("location.pathname + location.search") == "/apriltags?tag=7"
        wait_for(
            lambda: page.value("document.querySelector('#link span').textContent") == "زنده", what="the connection"
        )
        assert page.value("document.querySelector('.days button').textContent") == "امروز"
        assert page.value("document.documentElement.scrollWidth") == 390

        page.open(f"{hub.url}/accounts")
        time = wait_for(
            lambda: page.value("document.querySelector('#accounts time')?.textContent"), what="the accounts"
        )
        assert set(time) <= set("۰۱۲۳۴۵۶۷۸۹:+−\u2066\u2069 ")
        assert page.value("document.querySelector('[data-name=Ann] select').ariaLabel") == "نقش \u2068Ann\u2069"

        then = page.value("import('/static/times.js').then((times) => times.moment('2026-01-26T05:00:00Z'))")
        assert "\u2067" in then, "a date of Persian words runs from right to left, with its parts isolated or not"
        assert set(then) & set("0123456789") == set()

        page.value("document.querySelector('.languages [value=th]').click()")
        wait_for(lambda: page.value("document.documentElement.lang") == "th", what="the Thai page")
        wait_for(lambda: page.value("document.querySelector('[data-name=Ann]') !== null"), what="the accounts")
        assert page.value("document.querySelector('[data-name=Ann] td:nth-child(3)').textContent") == "ใช้งานอยู่"
        assert page.complaints == []
