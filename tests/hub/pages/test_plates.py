"""The page of plates in a real browser: live detections, alerts, searches, the watchlist."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import g4, g4_health, post

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1280, 900)
        yield page
        assert page.complaints == []


def plates(page: Page) -> list[str]:
    return page.value("[...document.querySelectorAll('.detection .plate bdi')].map((node) => node.textContent)")


@pytest.mark.slow
def test_detections_come_by_themselves_and_text_is_never_markup(hub: HubProcess, page: Page) -> None:
    picture = base64.b64encode(jpeg(320, 180)).decode()
    post(hub, "/api/detection", g4(aicamera_id="north", original_image=picture))
    post(
        hub,
        "/api/health",
        g4_health(aicamera_id="north", component="Disk Space", status="FAIL", message="disk nearly full"),
    )
    page.open(f"{hub.url}/plates")
    wait_for(lambda: plates(page) == ["กข 1234"], what="the detection that was there")
    page.value("window.marked = true")
    hostile = "<img src=x onerror='window.hurt=1'>A1"
    post(
        hub,
        "/api/detection",
        g4(aicamera_id="<b>south</b>", ocr_results=[hostile], plate_detections=[], original_image=picture),
    )
    wait_for(lambda: plates(page) == [hostile, "กข 1234"], what="the new detection, first")
    assert page.value("window.marked") is True and page.value("window.hurt") is None
    wait_for(
        lambda: page.value(
            "[...document.querySelectorAll('.shot img')].every((image) => image.complete && image.naturalWidth === 320)"
        ),
        what="the pictures",
    )
    wait_for(
        lambda: "disk nearly full" in page.value("document.querySelector('#cameras').textContent"),
        what="the camera's trouble",
    )


def test_a_listed_plate_raises_an_alert(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/plates")
    wait_for(lambda: page.value("document.querySelector('#link').className.includes('good')"), what="the live line")
    page.value(
        "document.querySelector('#watch [name=plate]').value = 'WL 805'; document.querySelector('#watch "
        "[name=reason]').value = 'stolen'; document.querySelector('#watch').requestSubmit()"
    )
    wait_for(
        lambda: page.value("document.querySelectorAll('#watchlist li:not(.notice)').length") == 1, what="the entry"
    )
    post(
        hub,
        "/api/detection",
        g4(aicamera_id="north", ocr_results=json.dumps([{"text": "WL 8O5", "confidence": 88}]), plate_detections=[]),
    )
    wait_for(lambda: "stolen" in page.value("document.querySelector('#alerts').textContent"), what="the alert")
    wait_for(
        lambda: "O read, 0 listed" in page.value("document.querySelector('.detection .mark')?.textContent ?? ''"),
        what="the mark on the detection",
    )
    if SHOTS:
        page.screenshot(Path(SHOTS) / "plates.png")
        page.size(400, 900)
        page.screenshot(Path(SHOTS) / "plates_narrow.png")
        page.size(1280, 900)
    page.value("document.querySelector('#watchlist button').click()")
    wait_for(
        lambda: page.value("document.querySelectorAll('#watchlist li:not(.notice)').length") == 0,
        what="the entry's removal",
    )


def test_last_weeks_plate_is_found(hub: HubProcess, page: Page) -> None:
    post(
        hub,
        "/api/detection",
        g4(aicamera_id="north", ocr_results=["TUE 1"], plate_detections=[], timestamp="2026-01-20T10:00:00"),
    )
    page.open(f"{hub.url}/plates")
    wait_for(lambda: "TUE 1" in plates(page), what="the plates")
    page.value(
        "document.querySelector('#search [name=plate]').value = 'tue*'; document.querySelector('#search "
        "[name=from]').value = '2026-01-20'; document.querySelector('#search [name=to]').value = '2026-01-20'; "
        "document.querySelector('#search').requestSubmit()"
    )
    wait_for(
        lambda: plates(page) == ["TUE 1"] and page.value("document.querySelector('#found').textContent") == "1 found",
        what="the one plate",
    )
