"""The list of all devices in a real browser: order, filter, checkpoints, labels, and a thousand of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4, g4_health

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")
SHOWN = "[...document.querySelectorAll('#fleet tr[data-key]')].filter((row) => !row.hidden)"
NAMES = f"{SHOWN}.map((row) => row.querySelector('strong').textContent)"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance") as process:
        yield process


def post(hub: HubProcess, path: str, **body: Any) -> None:
    requests.post(f"{hub.url}{path}", json=body, timeout=5).raise_for_status()


def station(hub: HubProcess, **fields: Any) -> None:
    post(hub, "/api/stations/status", station="North", state="waiting", sent_at=time.time() - 300, **fields)


def shoot(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for width, height in ((390, 844), (1366, 768)):
        page.size(width, height)
        for scheme in ("light", "dark"):
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            page.screenshot(Path(SHOTS) / f"{name}_{width}_{scheme}.png")
    page.call("Emulation.setEmulatedMedia", features=[])


def type_text(page: Page, selector: str, text: str) -> None:
    page.value(
        f"(() => {{ const node = document.querySelector({selector!r}); node.value = {text!r};"
        "node.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


def test_an_empty_list_leads_to_the_first_steps(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/devices")
    wait_for(
        lambda: page.value("document.querySelector('#fleet a')?.getAttribute('href')") == "/first-steps", what="it"
    )


def test_what_is_wrong_is_first_and_what_is_unknown_is_a_dash(hub: HubProcess, page: Page) -> None:
    station(hub, version="0.11.0", outbox={"waiting": 7}, cameras=[{"role": "primary", "state": "live", "fps": 9.5}])
    post(hub, "/api/detection", **g4(aicamera_id="cam-2"))
    post(hub, "/api/detection", **g4(aicamera_id="cam-10", checkpoint_id="West"))
    ill = {"component": "Disk", "status": "FAIL", "message": "Disk is full"}
    post(hub, "/api/health", **g4_health(aicamera_id="cam-10", checkpoint_id="West", **ill))
    post(hub, "/device-registration/register", serial_number="edge-1")
    page.open(f"{hub.url}/devices")
    wait_for(lambda: len(page.value(NAMES)) == 5, what="the devices")
    assert page.value(NAMES) == ["edge-1", "cam-10", "cam-2", "North", "primary of North"]
    row = page.value("document.querySelector('#fleet tr[data-key=\"station North\"]').innerText")
    assert "7" in row and "0.11.0" in row and "5 min behind" in row
    none = page.value("[...document.querySelectorAll('#fleet .none')].map((node) => [node.textContent, node.title])")
    assert none and all(text == "–" and title for text, title in none)
    shoot(page, "fleet")


def test_a_label_is_typed_and_shown_beside_the_id(hub: HubProcess, page: Page) -> None:
    page.size(1366, 768)
    page.value("document.querySelector('#fleet tr[data-key=\"camera cam-2\"] button').click()")
    wait_for(lambda: page.value("document.querySelector('#label').open"), what="the dialog")
    shoot(page, "fleet_label")
    page.size(1366, 768)
    page.value("document.querySelector('#label [name=name]').value = 'Entry, left'")
    page.value("document.querySelector('#label [name=checkpoint]').value = 'West'")
    page.value("document.querySelector('#label [name=facing][value=in]').click()")
    page.value("document.querySelector('#label button[value=save]').click()")
    wait_for(lambda: "Entry, left" in page.value(NAMES), what="the name")
    row = page.value("document.querySelector('#fleet tr[data-key=\"camera cam-2\"]').innerText")
    assert "cam-2" in row and "West" in row and "drives in" in row
    body = {"kind": "station", "id": "North", "name": "Scale of somebody else"}
    requests.put(f"{hub.url}/api/devices/labels", json=body, timeout=5).raise_for_status()
    wait_for(lambda: "Scale of somebody else" in page.value(NAMES), 5, what="the label that came over /events")


def test_the_list_is_filtered_and_grouped_and_the_address_says_so(hub: HubProcess, page: Page) -> None:
    type_text(page, "#fleet-filter [name=q]", "WEST")
    wait_for(lambda: sorted(page.value(NAMES)) == ["Entry, left", "cam-10"], what="the two of the checkpoint")
    type_text(page, "#fleet-filter [name=q]", "")
    wait_for(lambda: len(page.value(NAMES)) == 5, what="all of them")
    page.value("document.querySelector('#fleet-states [data-state=troubled]').click()")
    assert page.value(NAMES) == ["cam-10"]
    page.value("document.querySelector('#fleet-states [data-state=troubled]').click()")
    page.value("document.querySelector('#fleet-filter [name=group]').click()")
    heads = "[...document.querySelectorAll('#fleet .part')].map((node) => node.textContent)"
    wait_for(lambda: page.value(heads) == ["Waiting to be let in", "West", "No checkpoint"], what="the checkpoints")
    assert page.value("location.search") == "?group=checkpoint"
    shoot(page, "fleet_groups")


def test_a_thousand_devices_are_there_at_once(hub: HubProcess, page: Page) -> None:
    with requests.Session() as session:
        for number in range(1000):
            body = {"camera_id": f"many-{number}", "checkpoint_id": f"lane {number % 20}"}
            session.post(f"{hub.url}/api/cameras/register", json=body, timeout=5).raise_for_status()
    began = time.monotonic()
    body = hub.get("/api/devices/overview")
    assert time.monotonic() - began < 1.0
    assert sum(body["counts"].values()) == 1005 and len(body["devices"]) == 1000 and body["next_cursor"]
    page.open(f"{hub.url}/devices")
    wait_for(lambda: len(page.value(NAMES)) == 1005, 10, what="all of them")
    many = "[...one.addedNodes].filter((node) => node.dataset.key.startsWith('camera many')).length"
    page.value(
        f"window.moved = 0; new MutationObserver((all) => {{ for (const one of all) window.moved += {many}; }})"
        ".observe(document.querySelector('#fleet tbody'), { childList: true })"
    )
    reloads = "performance.getEntriesByType('resource').filter((one) => one.name.includes('cursor=')).length"
    before = page.value(reloads)
    post(hub, "/device-registration/register", serial_number="edge-2")
    wait_for(lambda: page.value(reloads) > before, 20, what="the next load")
    wait_for(lambda: len(page.value(NAMES)) == 1006, 5, what="the new one")
    assert page.value("window.moved") == 0
    type_text(page, "#fleet-filter [name=q]", "many-77")
    wait_for(lambda: len(page.value(NAMES)) == 11, what="those that are found")
