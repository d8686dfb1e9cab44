"""The page of vehicles in a real browser: registered from a capture, changed, its history, files with bad lines."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.lpr import g4, post

pytestmark = MARKS
NAMES = "[...document.querySelectorAll('.vehicle h2')].map((node) => node.textContent)"


def names(page: Page) -> list[str]:
    return page.value(NAMES)


def text(page: Page, selector: str) -> str:
    return page.value(f"document.querySelector({selector!r})?.textContent ?? ''")


def test_a_vehicle_is_registered_with_two_clicks_from_its_capture(hub: HubProcess, page: Page) -> None:
    capture = post(hub, "/api/captures", capture_result(event_id="reg", number="48213", tag="E28011")).json()["id"]
    page.open(f"{hub.url}/records/capture/{capture}")
    wait_for(lambda: page.value("document.querySelector('#vehicle-of .register') !== null"), what="the button")
    page.value("document.querySelector('#vehicle-of .register').click()")
    wait_for(lambda: page.value("location.pathname") == "/vehicles", what="the form")
    wait_for(lambda: page.value("document.querySelector('#editing:not([hidden])') !== null"), what="the open form")
    fields = "[...document.querySelectorAll('#vehicle [name]')].map((field) => field.value).slice(2, 5)"
    assert page.value(fields) == ["E28011", "48213", ""]
    page.value("document.querySelector('#vehicle [type=submit]').click()")
    wait_for(lambda: names(page) == ["48213"], what="the vehicle")
    assert page.value("location.search") == "" and page.value("document.getElementById('editing').hidden")
    vehicle = hub.get("/api/vehicles")["vehicles"][0]
    assert (vehicle["tags"], vehicle["numbers"]) == (["E28011"], ["48213"])


def test_a_plate_just_seen_is_in_the_form(hub: HubProcess, page: Page) -> None:
    sent = post(hub, "/api/detection", g4(ocr_results=["กข 1234"], plate_detections=[])).json()
    page.open(f"{hub.url}/records/detection/{sent['detection_id']}")
    wait_for(lambda: page.value("document.querySelector('#vehicle-of .register') !== null"), what="the button")
    page.value("document.querySelector('#vehicle-of .register').click()")
    wait_for(
        lambda: page.value("document.querySelector('#vehicle [name=plates]')?.value") == "กข 1234", what="the plate"
    )


def test_a_change_and_its_history(hub: HubProcess, page: Page) -> None:
    body = {"name": "Truck 12", "plates": ["70-1234"], "valid_until": "2031-12-31T23:59:59"}
    requests.post(f"{hub.url}/api/vehicles", json=body, timeout=10).raise_for_status()
    page.open(f"{hub.url}/vehicles?q=truck")
    wait_for(lambda: names(page) == ["Truck 12"], what="the vehicle")
    page.value("document.querySelector('.vehicle .do button').click()")
    page.value("document.querySelector('#vehicle [name=permission]').value = 'deny'")
    page.value("document.querySelector('#vehicle [type=submit]').click()")
    wait_for(lambda: page.value("document.querySelector('.vehicle.deny') !== null"), what="the change")
    changed = hub.get("/api/vehicles?q=truck")["vehicles"][0]
    assert changed["permission"] == "deny" and changed["valid_until"] is not None
    history = hub.get(f"/api/vehicles/{changed['id']}/history")["changes"]
    assert history[0]["after"] == {"permission": "deny"}, "what was not changed is as it was"
    page.value("[...document.querySelectorAll('.vehicle .do button')].at(-1).click()")
    wait_for(lambda: "let in → stop" in text(page, "dialog[open] ol"), what="the history")
    page.press("Escape", 27)
    page.value("[...document.querySelectorAll('.vehicle .do button')][1].click()")
    wait_for(lambda: names(page) == [], what="the list without the retired one")


def test_what_cannot_be_saved_is_said_in_the_form(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/vehicles")
    wait_for(lambda: page.value("document.querySelector('.vehicle') !== null"), what="the list")
    page.value("document.getElementById('add').click()")
    page.value("document.querySelector('#vehicle [type=submit]').click()")
    wait_for(lambda: "at least one tag" in text(page, "#refused"), what="the sentence")


def test_a_file_is_looked_at_before_it_is_imported(hub: HubProcess, page: Page, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("name,plates,permission\nfirst,IM 1,\nsecond,--,\nthird,IM 2,perhaps\n", "utf-8")
    good.write_bytes("name;plates\nรถบรรทุก;กก 777\nรถตู้;ขข 888\n".encode("cp874"))
    page.open(f"{hub.url}/vehicles?q=IM")
    wait_for(lambda: page.value("document.querySelector('#vehicles .notice') !== null"), what="the list")
    page.value("document.getElementById('import').click()")
    page.choose_files("#file [type=file]", [bad])
    lines = "[...document.querySelectorAll('#bad b')].map((node) => node.textContent)"
    wait_for(lambda: page.value(lines) == ["Line 3", "Line 4"], what="the bad lines")
    assert page.value("document.getElementById('take').disabled")
    page.choose_files("#file [type=file]", [good])
    wait_for(lambda: page.value("!document.getElementById('take').disabled"), what="a file that can be taken")
    assert "รถบรรทุก" in text(page, "#first") and "windows-874" in text(page, "#checked")
    page.value("document.getElementById('take').click()")
    wait_for(lambda: len(hub.get("/api/vehicles?q=รถ")["vehicles"]) == 2, what="the vehicles")
    wait_for(lambda: "2 vehicles were imported" in text(page, "#checked"), what="the sentence")


def test_nothing_overflows_on_a_desk_or_a_phone(hub: HubProcess, page: Page) -> None:
    for width, height in ((1366, 768), (390, 844)):
        page.size(width, height)
        page.open(f"{hub.url}/vehicles?tag=E2801")
        wait_for(lambda: page.value("document.querySelector('.vehicle') !== null"), what="the list")
        assert page.value("document.documentElement.scrollWidth - innerWidth") <= 0, width
    page.size(1366, 768)
    assert page.value("document.querySelector('.bar').scrollWidth - document.querySelector('.bar').clientWidth") <= 0
