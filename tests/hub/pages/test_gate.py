"""The page of the gate: heroes of scales and plate cameras, pictures, today, and what is not well."""

from __future__ import annotations

import base64

import requests

from tests.hub.pages.test_home import numbers
from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for
from tests.support.lpr import g4, post

pytestmark = MARKS
NOW = {"timestamp": "", "tag_timestamp_iso": "", "started_ts": None, "finished_ts": None}


def capture(hub: HubProcess, number: str, station: str = "north", **fields: object) -> None:
    pictures = {f"{kind}_image": base64.b64encode(jpeg(160, 90)).decode() for kind in ("primary", "secondary", "label")}
    body = capture_result(event_id=f"{station} {number}", number=number, station=station, **pictures, **NOW | fields)
    assert requests.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201


def opened(hub: HubProcess, page: Page, path: str = "/") -> None:
    page.open(f"{hub.url}{path}")
    wait_for(lambda: page.value("document.querySelector('#link').innerText") == "live", what="the live page")


def heroes(page: Page) -> list[str]:
    return page.value("[...document.querySelectorAll('.hero .number')].map((node) => node.innerText)")


def text(page: Page, selector: str) -> str:
    return str(page.value(f"document.querySelector({selector!r})?.innerText ?? ''"))


def test_a_site_of_plate_cameras_sees_its_plates(hub: HubProcess, page: Page) -> None:
    opened(hub, page)
    assert "No event yet" in text(page, "#heroes")
    plate = {"ocr_results": ["AB 1234"], "plate_detections": []}
    post(hub, "/api/detection", g4(timestamp="", created_at="", checkpoint_id="entrance", **plate))
    wait_for(lambda: heroes(page) == ["AB 1234"], what="the plate")
    wait_for(lambda: "100%" in text(page, "#day"), what="the counts")
    assert "Captures" not in text(page, "#day")


def test_two_scales_never_share_one_hero(hub: HubProcess, page: Page) -> None:
    opened(hub, page)
    capture(hub, "10001")
    wait_for(lambda: heroes(page) == ["10001"], what="the newest event")
    capture(hub, "20001", "south")
    wait_for(lambda: heroes(page) == ["10001", "20001", "AB 1234"], what="a hero for each scale")
    opened(hub, page, "/?station=north")
    wait_for(lambda: heroes(page) == ["10001"], what="the hero of the chosen one")
    wait_for(lambda: page.value("document.querySelector('#place select').value") == "station=north", what="the choice")
    capture(hub, "20002", "south")
    capture(hub, "10002")
    wait_for(lambda: heroes(page) == ["10002"], what="the newest of the chosen one")
    wait_for(lambda: numbers(page) == ["10002", "10001"], what="its list")
    wait_for(lambda: text(page, "#day dd b") == "2", what="its counts")
    opened(hub, page, "/?checkpoint=entrance")
    wait_for(lambda: heroes(page) == ["AB 1234"], what="the hero of the checkpoint")


def test_what_is_wrong_and_what_to_do(hub: HubProcess, page: Page) -> None:
    opened(hub, page, "/?station=north")
    errors = ["No label found (attempt 1)"]
    capture(hub, "", success=False, message="Max attempts reached (10)", errors=errors)
    wait_for(lambda: "No label in the picture" in text(page, ".hero.bad .wrong"), what="what is wrong")
    assert "Type the number in" in text(page, ".hero .wrong") and text(page, ".hero .verdict b") == "Not read"
    bottom = page.value("document.querySelector('.gate').getBoundingClientRect().bottom")
    assert bottom <= 625, "it stands within the height of an old screen"


def test_pictures_are_enlarged_and_arrow_keys_go_on(hub: HubProcess, page: Page) -> None:
    opened(hub, page, "/?station=north")
    page.value("document.querySelector('.hero .picture').click()")
    assert "(1/3)" in text(page, "#viewer p")
    page.press("ArrowRight", 39)
    assert "(2/3)" in text(page, "#viewer p")
    page.press("ArrowLeft", 37)
    page.press("ArrowLeft", 37)
    assert "(3/3)" in text(page, "#viewer p")
    wait_for(lambda: page.value("document.querySelector('#viewer img').naturalWidth") == 160, what="the picture")
    page.press("Escape", 27)
    wait_for(lambda: not page.value("document.querySelector('#viewer').open"), what="its end")


def test_only_what_is_not_well_is_named(hub: HubProcess, page: Page) -> None:
    status = {"station": "north", "state": "waiting", "message": "Waiting for a tag."}
    devices = {"reader": {"state": "connected"}, "cameras": [{"role": "primary", "state": "live"}]}
    url = f"{hub.url}/api/stations/status"
    requests.post(url, json={**status, **devices}, timeout=10).raise_for_status()
    opened(hub, page)
    assert "north Waiting for a tag." in text(page, "#strip summary").replace("\n", " ")
    assert page.value("document.querySelectorAll('#strip .pill.bad').length") == 0
    devices["cameras"] = [{"role": "primary", "state": "stale", "error": "Stream timeout"}]
    requests.post(url, json={**status, **devices, "state": "error"}, timeout=10).raise_for_status()
    wait_for(lambda: "primary of north" in text(page, "#strip .pill.bad"), what="the name of what is not well")
