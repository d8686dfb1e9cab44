"""The page of live pictures in a real browser: frames change, figures and plots, the wall of all cameras."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image, ImageDraw

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, jpeg, wait_for

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")
PIXEL = "[...document.querySelector('{}').getContext('2d').getImageData(2, 2, 1, 1).data].slice(0, 3)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1280, 900)
        yield page
        assert page.complaints == []


def scene(number: int, text: str) -> bytes:
    """A picture with something to see in it."""
    image = Image.new("RGB", (640, 360), (40, 60 + number % 80, 90))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 250, 640, 360), fill=(70, 70, 66))
    x = 40 + number * 9 % 460
    draw.rectangle((x, 190, x + 120, 270), fill=(200, 140, 40))
    draw.rectangle((x + 120, 215, x + 160, 270), fill=(180, 60, 40))
    draw.text((12, 10), f"{text}  {number}", fill=(255, 255, 255), font_size=28)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


@contextmanager
def cameras(hub: HubProcess, names: list[str], fps: float) -> Iterator[None]:
    """Cameras that send a picture with a number in it."""
    stop = threading.Event()

    def send() -> None:
        with requests.Session() as session:
            number = 0
            while not stop.wait(1 / fps):
                for name in names:
                    session.post(f"{hub.url}/api/cameras/{name}/frame", data=scene(number, name), timeout=10)
                number += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def send(hub: HubProcess, camera: str, colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> None:
    assert requests.post(f"{hub.url}/api/cameras/{camera}/frame", data=jpeg(*size, colour), timeout=10).ok


def text(page: Page, id: str) -> str:
    return page.value(f"document.getElementById('{id}').textContent")


def shows(page: Page, colour: tuple[int, int, int], where: str = "#picture") -> bool:
    seen = page.value(PIXEL.format(where))
    return seen is not None and all(abs(one - other) < 12 for one, other in zip(seen, colour, strict=True))


def tile(camera: str) -> str:
    return f'#wall [data-camera="{camera}"]'


def value_of(page: Page, camera: str, what: str, part: str = "button") -> Any:
    """A property of a part of a camera's tile."""
    return page.value(f"document.querySelector('{tile(camera)} {part}').{what}")


def layout(page: Page) -> str:
    return page.value("document.querySelector('#layouts [aria-pressed=true]')?.value")


def search(page: Page) -> str:
    return page.value("location.search")


@pytest.mark.slow
def test_frames_change_by_themselves(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/video")
    wait_for(lambda: page.value("!document.getElementById('nothing').hidden"), what="the page without cameras")
    for colour in ((200, 30, 30), (30, 200, 30), (30, 30, 200)):
        send(hub, "<b>a</b>", colour)
        wait_for(lambda colour=colour: shows(page, colour), what="the new frame's colour on the page")
        wait_for(lambda: text(page, "state") == "live", what="the word of a new picture")
    assert text(page, "name") == "<b>a</b>" and page.value("document.querySelectorAll('#name b').length") == 0
    wait_for(lambda: text(page, "size").startswith("64x48"), what="the resolution")
    wait_for(lambda: text(page, "state").startswith("stale, "), what="the age of a camera that sends no more")
    wait_for(lambda: text(page, "fps") == "0.00", what="the rate's sinking to 0")


@pytest.mark.slow
def test_a_wall_with_pictures_of_the_size_that_is_shown(hub: HubProcess, page: Page) -> None:
    names = [f"wall-{n:02}" for n in range(16)]
    colours = {name: (15 * n, 255 - 15 * n, 120) for n, name in enumerate(names)}
    for name in names:
        send(hub, name, colours[name], (1280, 720))
    page.open(f"{hub.url}/video")
    wait_for(lambda: layout(page) == "16" and text(page, "page") == "1 of 2", what="sixteen of seventeen cameras")
    for name in names[:15]:
        wait_for(lambda name=name: shows(page, colours[name], f"{tile(name)} canvas"), what=f"the picture of {name}")
    assert value_of(page, "wall-07", "width", "canvas") == 320
    assert hub.get("/status")["video"]["scaled"]["made"] >= 15
    page.press("PageDown", 34)
    wait_for(lambda: shows(page, colours["wall-15"], f"{tile('wall-15')} canvas"), what="the second page")
    assert search(page) == "?page=2"
    page.press("4", 52, "4")
    assert (layout(page), search(page)) == ("4", "?layout=4")
    wait_for(lambda: shows(page, colours["wall-02"], f"{tile('wall-02')} canvas"), what="four cameras")
    wait_for(lambda: value_of(page, "wall-02", "width", "canvas") == 640, what="larger ones")


@pytest.mark.slow
def test_the_keyboard_chooses_and_the_address_keeps_what_is_shown(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/video?layout=9&camera=wall-03&camera=wall-07&camera=away&camera=wall-05")
    wait_for(lambda: page.value("document.querySelectorAll('#wall li').length") == 4, what="the cameras of the address")
    wait_for(lambda: "no picture yet" in value_of(page, "away", "innerText"), what="away")
    page.press("ArrowRight", 39)
    page.press("ArrowRight", 39)
    page.press("Enter", 13, "\r")
    wait_for(lambda: text(page, "name") == "wall-07" and page.value("!picture.hidden"), what="one camera")
    assert (layout(page), search(page)) == ("1", "?layout=1&camera=wall-07")
    assert "camera=wall-07" in page.value("document.getElementById('stream').href")
    send(hub, "wall-08", (1, 2, 3))
    send(hub, "wall-07", (250, 250, 250))
    wait_for(lambda: shows(page, (250, 250, 250)), what="its next frame")
    page.press("ArrowRight", 39)
    wait_for(lambda: text(page, "name") == "wall-08" and shows(page, (1, 2, 3)), what="the camera after it")
    page.press("Escape", 27)
    wait_for(lambda: layout(page) == "9" and search(page).count("camera=") == 4, what="the wall as it was")
    page.press("1", 49, "1")
    page.press("6", 54, "6")
    assert layout(page) == "16"
    page.open(f"{hub.url}/video?camera=wall-02")
    wait_for(lambda: layout(page) == "1" and text(page, "name") == "wall-02", what="an address of an older version")
    page.press("f", 70, "f")
    wait_for(lambda: page.value("document.fullscreenElement?.id") == "stage", what="the full screen")
    page.press("f", 70, "f")
    wait_for(lambda: page.value("document.fullscreenElement") is None, what="its end")


@pytest.mark.parametrize(
    "row, age, cut, expected",
    [
        ("{ interval_ms: 100 }", 1, "false", "good live"),
        ("{ interval_ms: 100 }", 4, "false", "pending stale, 4 s old"),
        ("{ interval_ms: 10000 }", 20, "false", "good live"),
        ("{ interval_ms: 100 }", 120, "false", "bad offline for 2 min"),
        ("undefined", 120, "false", "bad offline for 2 min"),
        ("{ interval_ms: 100 }", 1, "true", "off cut off; picture 1 s old"),
    ],
)
def test_live_is_said_of_a_new_picture_only(
    hub: HubProcess, page: Page, row: str, age: int, cut: str, expected: str
) -> None:
    page.open(f"{hub.url}/video")
    found = page.value(
        f"import('/static/video_state.js').then((module) => module.stateOf({row}, Date.now() - {age * 1000}, {cut}))"
    )
    assert f"{found['light']} {found['text']}" == expected


@pytest.mark.slow
def test_figures_and_plots(hub: HubProcess, page: Page) -> None:
    with cameras(hub, ["gate", "yard"], 10):
        page.open(f"{hub.url}/video?camera=gate")
        wait_for(
            lambda: text(page, "jitter-word") and text(page, "efficiency-word") and text(page, "processing-word"),
            what="the words",
        )
        wait_for(
            lambda: float(text(page, "fps")) > 3 and "highest" in text(page, "fps-most"), what="the rate and its plot"
        )
        assert page.value("document.querySelector('#fps-plot polyline').getAttribute('points').split(' ').length") == 60
        seen = int(page.value("document.getElementById('picture').dataset.seq"))
        wait_for(
            lambda: int(page.value("document.getElementById('picture').dataset.seq")) > seen + 5, what="more frames"
        )
        page.value("document.getElementById('interval').requestSubmit()")
        wait_for(lambda: "No board is connected" in text(page, "told"), what="the answer that nobody could be told")
        if SHOTS:
            wait_for(
                lambda: sum(hub.get("/api/frames", camera="gate")["cameras"][0]["history"]["fps"]) > 60,
                what="something to plot",
            )
            for width in (1280, 400):
                page.size(width, 900)
                page.value("new Promise((done) => setTimeout(done, 1200))")
                page.screenshot(Path(SHOTS) / f"video_{width}.png")
            page.value("window.scrollTo(0, 900)")
            page.screenshot(Path(SHOTS) / "video_400_below.png")
            page.size(1280, 900)
            page.value("window.scrollTo(0, 600)")
            page.screenshot(Path(SHOTS) / "video_1280_below.png")
    wait_for(lambda: hub.get("/status")["video"]["watched_by"]["viewers"] <= 2, what="only this page's two viewers")
