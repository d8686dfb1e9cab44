"""The page of the gate in a real browser: what is there, what comes by itself; and the status page."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for

pytestmark = MARKS


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1300, 900)
        yield page
        assert page.complaints == []


def store(hub: HubProcess, event_id: str, **fields) -> None:
    picture = base64.b64encode(jpeg(160, 90)).decode()
    answer = requests.post(
        f"{hub.url}/api/captures", json=capture_result(event_id=event_id, primary_image=picture, **fields), timeout=10
    )
    assert answer.status_code == 201


def numbers(page: Page) -> list[str]:
    """What the list shows large of each event, the newest first."""
    return page.value("[...document.querySelectorAll('#list .number')].map((node) => node.textContent)")


def test_captures_come_by_themselves(hub: HubProcess, page: Page) -> None:
    store(hub, "before", number="00017")
    page.open(f"{hub.url}/")
    wait_for(lambda: numbers(page) == ["00017"], what="the capture that was there")
    page.value("window.marked = true")
    store(hub, "live", number="00018")
    store(
        hub,
        "failed",
        number="",
        success=False,
        message="Max attempts reached (10)",
        errors=["Max attempts reached (10)", "Secondary frame not available"],
    )
    wait_for(lambda: numbers(page) == ["Not read", "00018", "00017"], what="the new captures, newest first")
    assert page.value("window.marked") is True, "the page was loaded again"
    wait_for(lambda: "Not read" in page.value("document.querySelector('.hero').innerText"), what="the newest, large")
    assert "could not be read" in page.value("document.querySelector('.hero .wrong').innerText")
    assert "E200341201" in page.value("document.querySelector('main').innerText")
    wait_for(
        lambda: page.value(
            "[...document.querySelectorAll('.hero img')].every((image) => image.complete && image.naturalWidth === 160)"
        ),
        what="the picture",
    )


def test_text_of_senders_is_never_markup(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/")
    store(
        hub,
        "markup",
        number="<b>1</b>",
        message="<img src=x onerror='window.hurt=1'>",
        tag="<script>window.hurt=1</script>",
        station="<i>x</i>",
    )
    wait_for(lambda: numbers(page)[:1] == ["<b>1</b>"], what="the text as text")
    strange = "main :is(i:not(.dot):not(.read):not(.unread), script, img[src=x]), .event b, .hero .number b"
    assert page.value(f"document.querySelectorAll('{strange}').length") == 0
    assert page.value("window.hurt === undefined") is True


def test_stations_with_reader_and_cameras(hub: HubProcess, page: Page) -> None:
    status = {
        "station": "North",
        "simulated": True,
        "state": "waiting",
        "message": "Waiting for a tag.",
        "reader": {"state": "connected"},
        "cameras": [
            {"role": "primary", "state": "live"},
            {"role": "secondary", "state": "stale", "error": "Stream timeout"},
        ],
    }
    page.open(f"{hub.url}/")
    requests.post(f"{hub.url}/api/stations/status", json=status, timeout=10).raise_for_status()
    wait_for(lambda: "Waiting for a tag." in page.value("document.querySelector('#strip').innerText"), what="its state")
    page.value("document.querySelector('#strip summary').click()")
    card = wait_for(lambda: page.value("document.querySelector('[data-station=North]')?.innerText"), what="the station")
    for part in (
        "North",
        "simulated gate",
        "Waiting for a tag.",
        "Reader",
        "connected",
        "Secondary camera",
        "Stream timeout",
    ):
        assert part in card


@pytest.mark.slow
def test_the_line_to_the_hub_comes_back(tmp_path: Path, page: Page) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        page.open(f"{hub.url}/")
        wait_for(lambda: page.value("document.querySelector('#link').innerText") == "live", what="the live line")
        hub.kill()
        wait_for(
            lambda: "Cut off since" in page.value("document.querySelector('#cut:not([hidden])')?.innerText ?? ''"),
            what="word of the lost line",
        )
        hub.start()
        store(hub, "while away", number="31001")
        wait_for(lambda: numbers(page) == ["31001"], what="what came while the line was lost")
        wait_for(lambda: page.value("document.querySelector('#link').innerText") == "live", what="the live line again")


@pytest.mark.slow
def test_leaving_while_it_loads_is_no_failure(hub: HubProcess, page: Page) -> None:
    for _ in range(5):
        page.open(f"{hub.url}/")
        page.value("fetch('/api/test')")
    assert page.complaints == []


def test_the_status_page(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/status")
    text = wait_for(lambda: page.value("document.querySelector('#hub').innerText"), what="the figures of the hub")
    assert "Captures stored" in text
    everything = page.value("document.body.innerText")
    assert str(hub.side["results"]) in everything and "writer" in everything
    assert "undefined" not in everything and "NaN" not in everything
