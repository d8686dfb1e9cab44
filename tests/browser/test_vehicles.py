"""The register as an operator keeps it: added, changed, retired, restored, imported, registered from a capture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser.visitor import SCHEMES, SIZES, Visitor, visiting
from tests.support.browser import MARKS
from tests.support.helpers import HubProcess, capture_result
from tests.support.lpr import g4, post

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = MARKS
PERSIAN = "۱۲ب۳۴۵"
EVERYTHING = {
    "name": "شرکت حمل ونقل",
    "owner": "บริษัทขนส่ง",
    "tags": ["E28011700000020A1B2C3D4E", "E28011700000020A1B2C3D4F"],
    "numbers": ["48213"],
    "plates": ["ایران ۱۲ب۹۹۹", "70-1234"],
    "permission": "deny",
    "reason": "Unpaid",
    "note": "Comes on Mondays",
    "valid_until": "2031-12-31",
}


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("vehicles") / "instance") as hub:
        yield hub


@pytest.fixture
def operator(browser: Browser, own_hub: HubProcess) -> Iterator[Visitor]:
    with visiting(browser, own_hub) as one:
        yield one


def add(hub: HubProcess, **fields: Any) -> str:
    """Register a vehicle; its id."""
    answer = requests.post(f"{hub.url}/api/vehicles", json=fields, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["vehicle"]["id"])


def card(operator: Visitor, name: str) -> Locator:
    return operator.tab.locator("#vehicles .vehicle", has_text=name)


def button(place: Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name)


def test_a_vehicle_is_added_changed_retired_and_restored(own_hub: HubProcess, operator: Visitor) -> None:
    operator.open("/vehicles")
    tab = operator.tab
    tab.get_by_role("button", name="Add a vehicle").press("Enter")
    form = tab.locator("#vehicle")
    assert form.get_by_label("Name").evaluate("(node) => node === document.activeElement")
    tab.keyboard.type("Truck 12")
    form.get_by_label("Tags").fill("E2801A, E2801B")
    form.get_by_label("Label numbers").fill("48001")
    form.get_by_label("Plates").fill("70-4001, กข 1234")
    form.get_by_label("Valid until").fill("2031-12-31T18:00")
    operator.axe()
    form.get_by_role("button", name="Save").click()
    one = card(operator, "Truck 12")
    one.wait_for()
    stored = own_hub.get("/api/vehicles?q=48001")["vehicles"][0]
    assert (stored["tags"], stored["plates"]) == (["E2801A", "E2801B"], ["70-4001", "กข 1234"])
    one.get_by_role("link", name="Truck 12").click()
    tab.wait_for_url(f"**/vehicles?id={stored['id']}")
    only = tab.locator("#only .vehicle")
    button(only, "Edit").click()
    # Somebody else changes the note while the form is open.
    path = f"{own_hub.url}/api/vehicles/{stored['id']}"
    assert requests.put(path, json={"note": "by rail"}, timeout=10).ok
    form.get_by_label("Permission").select_option("deny")
    form.get_by_label("Reason").fill("Unpaid")
    form.get_by_role("button", name="Save").click()
    tab.locator("#refused").get_by_text("Somebody has changed this vehicle after").wait_for()
    tab.locator("#meanwhile").get_by_text("Note: by rail").wait_for()
    assert form.get_by_label("Note").input_value() == "by rail"
    operator.axe()
    assert [text for text in operator.complaints if "409" not in text] == []
    operator.complaints.clear()
    form.get_by_role("button", name="Save").click()
    only.get_by_text("Unpaid · by rail").wait_for()
    operator.wait(lambda: button(only, "Edit").evaluate("(node) => node === document.activeElement"), what="the focus")
    button(only, "History").click()
    dialog = tab.get_by_role("dialog")
    dialog.get_by_text("let in → stop").wait_for()
    assert dialog.locator("li").count() == 3 and dialog.locator("li b").first.inner_text() != ""
    operator.axe()
    tab.keyboard.press("Escape")
    tab.get_by_role("link", name="All vehicles").click()
    button(card(operator, "Truck 12"), "Retire").click()
    tab.locator("#told", has_text="Vehicle retired").wait_for()
    operator.wait(lambda: card(operator, "Truck 12").count() == 0, what="the list without it")
    button(tab.locator("#told"), "Restore").click()
    tab.locator("#told", has_text="Vehicle restored").wait_for()
    card(operator, "Truck 12").wait_for()
    history = own_hub.get(f"/api/vehicles/{stored['id']}/history")["changes"]
    assert [row["action"] for row in history] == ["restore", "retire", "change", "change", "add"]
    assert history[2]["after"] == {"permission": "deny", "reason": "Unpaid"}


def test_the_refusal_leads_to_the_other_vehicle(own_hub: HubProcess, operator: Visitor) -> None:
    other = add(own_hub, name="First come", plates=["RF 1001"])
    operator.open("/vehicles?plate=RF+1001&tag=E9")
    form = operator.tab.locator("#vehicle")
    assert form.get_by_label("Plates").input_value() == "RF 1001"
    form.get_by_role("button", name="Save").click()
    refused = operator.tab.locator("#refused")
    refused.get_by_text("The plate RF 1001 belongs to First come already. Change or retire").wait_for()
    operator.axe()
    assert [text for text in operator.complaints if "409" not in text] == []
    operator.complaints.clear()
    refused.get_by_role("link", name="Open that vehicle").click()
    operator.tab.wait_for_url(f"**/vehicles?id={other}")
    operator.tab.locator("#only .vehicle", has_text="First come").wait_for()
    assert operator.tab.locator("#vehicles").is_hidden()


def test_a_capture_is_registered_with_two_clicks_and_then_named(own_hub: HubProcess, operator: Visitor) -> None:
    sent = post(own_hub, "/api/captures", capture_result(event_id="two", number="48777", tag="E280777")).json()
    record = f"/records/capture/{sent['id']}"
    operator.open(record)
    operator.tab.get_by_role("link", name="Register vehicle").click()
    operator.tab.locator("#vehicle").get_by_role("button", name="Save").click()
    card(operator, "48777").wait_for()
    vehicle = own_hub.get("/api/vehicles?q=48777")["vehicles"][0]
    assert (vehicle["tags"], vehicle["numbers"]) == (["E280777"], ["48777"])
    operator.open(record)
    known = operator.tab.get_by_role("link", name="Vehicle: 48777")
    known.wait_for()
    assert operator.tab.get_by_role("link", name="Register vehicle").count() == 0
    operator.axe()
    operator.shot("record-known")
    known.click()
    operator.tab.locator("#only .vehicle", has_text="48777").wait_for()


def test_each_plate_of_a_picture_is_a_vehicle_of_its_own(own_hub: HubProcess, operator: Visitor) -> None:
    add(own_hub, name="Persian", plates=["12ب345"])
    sent = post(own_hub, "/api/detection", g4(ocr_results=[PERSIAN, "PL 99"], plate_detections=[])).json()
    operator.open(f"/records/detection/{sent['detection_id']}")
    operator.tab.get_by_role("link", name="Vehicle: Persian").wait_for()
    assert operator.texts("#vehicle-of .register") == ["Register vehicle PL 99"]
    operator.tab.locator("#vehicle-of .register").click()
    operator.tab.wait_for_url("**/vehicles?plate=PL+99")


def test_a_file_with_a_bad_line_is_named_and_a_good_one_is_imported(
    own_hub: HubProcess, operator: Visitor, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("name,plates,permission\nfirst,IM 1001,\nsecond,IM 1002,perhaps\nthird,IM 1001,\n", "utf-8")
    good.write_bytes("name;plates\nاول;IM 1001\nدوم;IM 1002\n".encode("cp1256"))
    operator.open("/vehicles")
    tab = operator.tab
    tab.get_by_role("button", name="Import").first.press("Enter")
    tab.locator("#file [type=file]").set_input_files(bad)
    operator.wait(lambda: operator.texts("#bad b") == ["Line 3", "Line 4"], what="the bad lines")
    take = tab.locator("#file").get_by_role("button", name="Import")
    assert take.is_disabled() and "nothing can be imported" in tab.locator("#checked").inner_text()
    operator.axe()
    operator.shot("vehicles-import-bad")
    tab.locator("#file [type=file]").set_input_files(good)
    operator.wait(lambda: take.is_enabled(), what="a file that can be taken")
    assert "windows-1256" in tab.locator("#checked").inner_text() and "اول" in tab.locator("#first").inner_text()
    take.click()
    tab.locator("#checked", has_text="2 vehicles were imported").wait_for()
    card(operator, "دوم").wait_for()
    saved = tab.locator("#export")
    with tab.expect_download() as download:
        saved.click()
    assert "IM 1002" in Path(download.value.path()).read_text("utf-8-sig")


def test_a_search_stays_in_the_address(own_hub: HubProcess, operator: Visitor) -> None:
    add(own_hub, name="Searched", numbers=["55501"])
    operator.open("/vehicles")
    operator.tab.locator("#search [name=q]").fill("5550")
    operator.tab.locator("#search").get_by_role("button", name="Find").click()
    operator.wait(lambda: operator.texts("#vehicles h2") == ["Searched"], what="the one")
    operator.tab.get_by_role("link", name="Searched").click()
    operator.tab.locator("#only .vehicle").wait_for()
    operator.tab.go_back()
    operator.wait(lambda: operator.texts("#vehicles h2") == ["Searched"], what="the one again")
    assert operator.tab.locator("#one").is_hidden()
    operator.open("/vehicles?id=nobody")
    operator.tab.locator("#only", has_text="There is no vehicle with the id").wait_for()
    assert [text for text in operator.complaints if "404" not in text] == []
    operator.complaints.clear()
    operator.tab.locator("#search").get_by_role("button", name="Find").click()
    operator.tab.locator("#vehicles .vehicle").first.wait_for()
    assert operator.tab.locator("#one").is_hidden()


@pytest.mark.parametrize("size", SIZES)
def test_the_page_and_its_form_fit(own_hub: HubProcess, operator: Visitor, size: str) -> None:
    one = add(own_hub, **EVERYTHING)
    operator.size(size)
    operator.open("/vehicles?q=48213")
    operator.tab.locator(".vehicle").wait_for()
    for scheme in SCHEMES:
        operator.scheme(scheme)
        operator.shot(f"vehicles-one-{size}-{scheme}")
        operator.axe()
    button(operator.tab.locator(".vehicle"), "Edit").click()
    for scheme in SCHEMES:
        operator.scheme(scheme)
        operator.shot(f"vehicles-form-{size}-{scheme}")
        operator.axe()
    operator.tab.keyboard.press("Escape")
    assert operator.tab.locator("#editing").is_hidden()
    assert button(operator.tab.locator(".vehicle"), "Edit").evaluate("(node) => node === document.activeElement")
    requests.delete(f"{own_hub.url}/api/vehicles/{one}", timeout=10).raise_for_status()


@pytest.mark.parametrize("language", ["en-GB", "fa"])
def test_the_bar_has_room_for_every_page(browser: Browser, own_hub: HubProcess, language: str) -> None:
    with visiting(browser, own_hub, locale=language) as one:
        for size in SIZES:
            one.size(size)
            one.open("/vehicles")
            one.axe()  # before the menu covers what is below it
            one.tab.locator("nav .others summary").press("Enter")
            track = one.tab.locator(".others a[href='/track']")
            box, width = track.bounding_box(), SIZES[size][0]
            assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
            bar = one.tab.locator(".bar").evaluate("(node) => [node.scrollWidth - node.clientWidth, node.offsetHeight]")
            assert bar[0] <= 0 and (size == "phone" or bar[1] < 60), bar
            one.check()
        one.tab.keyboard.press("Tab")
        assert one.tab.locator(".others a").first.evaluate("(node) => node === document.activeElement")
        track.click()
        one.live()
        assert one.tab.locator(".others summary").get_attribute("aria-current") == "true"
