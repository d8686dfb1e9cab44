"""The page of first steps in a real browser: lines to copy, and a test that hears a device, lets it in and sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.browser import MARKS, Page, browser
from tests.support.far import TRUSTING, far_away
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import g4

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance", **TRUSTING) as process:
        yield process


@pytest.fixture(scope="module")
def page(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1366, 768)
        page.open(f"{hub.url}/first-steps")
        wait_for(lambda: page.value("document.querySelector('#link').innerText") == "live", what="the live page")
        yield page
        assert page.complaints == []


def result(page: Page, kind: str) -> str:
    return page.value(f"document.querySelector('#{kind} .result').innerText")


def press(page: Page, kind: str, button: str) -> None:
    page.value(f"document.querySelector('#{kind} {button}').click()")


def begin(page: Page, kind: str) -> None:
    press(page, kind, ".try")
    wait_for(lambda: "Waiting for its first message" in result(page, kind), what="the test")
    asked = "performance.getEntriesByType('resource').some((one) => one.name.includes('since='))"
    wait_for(lambda: page.value(asked), what="the first question")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        for width, height in ((390, 844), (1366, 768)):
            page.size(width, height)
            page.screenshot(Path(SHOTS) / f"{name}_{width}.png")
        page.size(1366, 768)


def test_the_lines_have_the_address_that_is_chosen(hub: HubProcess, page: Page) -> None:
    shoot(page, "first_steps")
    chosen = page.value("document.querySelector('#host').value")
    line = f"http://{chosen}:{hub.side['lpr']}"
    assert page.value("document.querySelector('#line-camera').textContent") == line
    page.value("document.querySelector('#host').append(new Option('10.9.8.7', '10.9.8.7'))")
    page.value(
        "host.value = '10.9.8.7'; host.options[host.selectedIndex].dataset.network = '10.9.8.0/24'; host.onchange()"
    )
    assert "--hub http://10.9.8.7:" in page.value("document.querySelector('#line-pair').textContent")
    assert "10.9.8.0/24" in page.value("document.querySelector('#line-networks').textContent")


def test_a_camera_is_heard_let_in_and_works(hub: HubProcess, page: Page) -> None:
    begin(page, "camera")
    with far_away(hub.port, "192.168.8.50") as url:
        record = g4(aicamera_id="CAM1", camera_id="CAM1")
        assert requests.post(f"{url}/api/detection", json=record, timeout=5).status_code == 401
        wait_for(lambda: "Heard from 192.168.8.50 just now: let it in?" in result(page, "camera"), what="the question")
        page.value("document.querySelector('#camera').scrollIntoView()")
        shoot(page, "first_steps_heard")
        press(page, "camera", ".result .yes")
        wait_for(lambda: "It is let in" in result(page, "camera"), what="the decision")
        requests.post(f"{url}/api/detection", json=record, timeout=5).raise_for_status()
    wait_for(lambda: "It works: CAM1 was heard just now." in result(page, "camera"), what="the good end")
    assert page.value("document.querySelector('#camera .result a').getAttribute('href')") == "/plates"


def test_an_agent_is_let_in_by_its_code(hub: HubProcess, page: Page) -> None:
    begin(page, "station")
    asked = requests.post(f"{hub.url}/api/pair", json={"name": "North", "kind": "station agent"}, timeout=5).json()
    wait_for(lambda: asked["code"] in result(page, "station"), what="the code")
    press(page, "station", ".result .yes")
    wait_for(lambda: "It is let in" in result(page, "station"), what="the decision")
    status = {"station": "North", "state": "waiting"}
    requests.post(f"{hub.url}/api/stations/status", json=status, timeout=5).raise_for_status()
    wait_for(lambda: "It works: North" in result(page, "station"), what="the good end")


def test_live_pictures_are_heard(hub: HubProcess, page: Page) -> None:
    begin(page, "video")
    requests.post(f"{hub.url}/api/cameras/yard/frame", data=jpeg(), timeout=5).raise_for_status()
    wait_for(lambda: "It works: yard" in result(page, "video"), what="the good end")


def test_silence_says_what_to_look_at(hub: HubProcess, page: Page) -> None:
    begin(page, "board")
    assert "Firewall" not in result(page, "board")
    page.value("{ const now = performance.now.bind(performance); performance.now = () => now() + 61000; }")
    wait_for(lambda: "Firewall" in result(page, "board"), what="the hints")
    assert f"port {hub.side['apriltag']}" in result(page, "board") and "Token" in result(page, "board")
    page.value("document.querySelector('#board').scrollIntoView()")
    shoot(page, "first_steps_silent")
    press(page, "board", ".try")
    assert result(page, "board") == ""
