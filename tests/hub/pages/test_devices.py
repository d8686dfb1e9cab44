"""The page of devices in a real browser: who waits comes by itself, one click decides, a token is shown once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.browser import MARKS, Page
from tests.support.far import TRUSTING, far_away
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance", **TRUSTING) as process:
        yield process


def send(hub: HubProcess, address: str, camera: str, **headers: str) -> int:
    with far_away(hub.port, address) as url:
        record = g4(aicamera_id=camera, camera_id=camera)
        return requests.post(f"{url}/api/detection", json=record, headers=headers, timeout=5).status_code


def texts(page: Page, selector: str) -> list[str]:
    return page.value(f"[...document.querySelectorAll({selector!r})].map((node) => node.textContent)")


def press(page: Page, text: str, within: str = "body") -> None:
    found = f"[...document.querySelectorAll('{within} button')].find((node) => node.textContent === {text!r})"
    assert page.value(f"Boolean({found})"), text
    page.value(f"{found}.click()")


def shoot(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for suffix, width, height in (("390", 390, 844), ("1366", 1366, 768)):
        page.size(width, height)
        page.screenshot(Path(SHOTS) / f"{name}_{suffix}.png")


def test_a_device_appears_by_itself_and_is_admitted_with_one_click(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/devices")
    wait_for(lambda: "Nobody waits" in "".join(texts(page, "#waiting")), what="the empty list")
    shoot(page, "devices_empty")
    hostile = "<img src=x onerror='window.hurt=1'>"
    assert send(hub, "192.168.8.20", "Gate camera 1", **{"User-Agent": hostile}) == 401
    wait_for(lambda: texts(page, ".applicant h3") == ["Gate camera 1"], 30, what="the device that waits")
    assert hostile in texts(page, ".applicant dd") and page.value("window.hurt") is None
    asked = requests.post(f"{hub.url}/api/pair", json={"name": "North", "kind": "station agent"}, timeout=5).json()
    wait_for(lambda: asked["code"] in texts(page, ".applicant .code"), what="the code of the agent")
    send(hub, "192.168.8.21", "Gate camera 2")
    wait_for(lambda: len(texts(page, ".applicant")) == 3, what="the second device")
    shoot(page, "devices_waiting")
    camera = f'.applicant[data-id="{hub.get("/api/access/devices")["waiting"][1]["id"]}"]'
    page.value(f"document.querySelector('{camera} input').value = 'Entry camera'")
    assert send(hub, "192.168.8.22", "Gate camera 3") == 401
    wait_for(lambda: len(texts(page, ".applicant")) == 4, what="the third device")
    assert page.value(f"document.querySelector('{camera} input').value") == "Entry camera"  # typing is not disturbed
    press(page, "Let in", camera)
    wait_for(lambda: texts(page, "#admitted strong") == ["Entry camera"], what="the admitted device")
    assert send(hub, "192.168.8.20", "Gate camera 1") in (200, 201)
    press(page, "Block", ".applicant:last-of-type")
    wait_for(lambda: len(texts(page, "#blocked strong")) == 1, what="the blocked device")


def test_a_device_announced_while_the_list_is_being_loaded_does_not_wait(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/devices")
    wait_for(lambda: page.value("Boolean(document.querySelector('#waiting > *'))"), what="the list")
    # The rest of a load is held back until the next device has been announced.
    page.value(
        "const [load, later] = [window.fetch, window.setTimeout]; window.held = [];"
        "window.fetch = async (address, ...more) => {"
        "  if (address === '/api/devices') await new Promise((go) => window.held.push(go));"
        "  return load(address, ...more); };"
        "window.setTimeout = (run, pause) => {"
        "  if (window.held.length) while (window.held.length) window.held.pop()(); return later(run, pause); }; null"
    )
    assert send(hub, "192.168.8.50", "Held camera 1") == 401
    wait_for(lambda: page.value("window.held.length"), 30, what="the load that is held back")
    assert send(hub, "192.168.8.51", "Held camera 2") == 401
    wait_for(lambda: "Held camera 2" in texts(page, ".applicant h3"), 12, what="the second device")


def test_a_pairing_request_is_admitted_by_its_code(hub: HubProcess, page: Page) -> None:
    asked = requests.post(f"{hub.url}/api/pair", json={"name": "South", "kind": "station agent"}, timeout=5).json()
    page.open(f"{hub.url}/devices")
    wait_for(lambda: asked["code"] in texts(page, ".applicant .code"), what="the code of the agent")
    press(page, "Let in", f'.applicant[data-id="{asked["id"]}"]')
    address, secret = f"{hub.url}/api/pair/{asked['id']}", {"X-Pair-Secret": asked["secret"]}
    wait_for(lambda: "token" in requests.get(address, headers=secret, timeout=5).json(), what="the token")
    wait_for(lambda: "South" in texts(page, "#tokens strong"), what="the token's row")


def test_a_token_is_shown_once_and_revoked(hub: HubProcess, page: Page) -> None:
    page.value("window.confirm = () => true; window.prompt = () => 'Camera nine'")
    page.value("document.querySelector('#make input').value = 'Camera 9'")
    press(page, "Make a token", "#make")
    wait_for(lambda: page.value("document.querySelector('#made code')?.textContent"), what="the token")
    token = page.value("document.querySelector('#made code').textContent")
    page.value("document.querySelector('#tokens-title').scrollIntoView()")
    shoot(page, "devices_token")
    assert send(hub, "192.168.8.40", "CAM9", **{"X-API-Key": token}) in (200, 201)
    press(page, "I have copied it")
    assert token not in page.value("document.body.textContent")
    row = "[...document.querySelectorAll('#tokens .entry')].find((node) => node.textContent.includes('Camera 9'))"
    page.value(f"[...{row}.querySelectorAll('button')].find((node) => node.textContent === 'Rename').click()")
    wait_for(lambda: "Camera nine" in texts(page, "#tokens strong"), what="the new name")
    row = row.replace("Camera 9", "Camera nine")
    page.value(f"[...{row}.querySelectorAll('button')].find((node) => node.textContent === 'Revoke').click()")
    wait_for(lambda: "Camera nine" in texts(page, "#tokens .revoked strong"), what="the revoked token")
    assert send(hub, "192.168.8.40", "CAM9", **{"X-API-Key": token}) == 401


def test_registrations_are_approved_and_rejected(hub: HubProcess, page: Page) -> None:
    body = {"serial_number": "edge-7", "device_model": "rpi", "device_type": "camera"}
    assert requests.post(f"{hub.url}/device-registration/register", json=body, timeout=5).status_code == 201
    page.open(f"{hub.url}/devices")
    wait_for(lambda: texts(page, "#registrations strong") == ["edge-7"], what="the registration")
    shoot(page, "devices_full")
    press(page, "Approve", "#registrations")
    wait_for(lambda: "approved" in "".join(texts(page, "#registrations .what")), what="the approval")
    press(page, "Reject", "#registrations")
    wait_for(lambda: "rejected" in "".join(texts(page, "#registrations .what")), what="the rejection")
