"""The page of live pictures in a real browser: frames change, figures and plots, the wall of all cameras."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def send(hub: HubProcess, camera: str, colour: tuple[int, int, int]) -> None:
    assert requests.post(f"{hub.url}/api/cameras/{camera}/frame", data=jpeg(64, 48, colour), timeout=10).ok


def text(page: Page, id: str) -> str:
    return page.value(f"document.getElementById('{id}').textContent")


def shows(page: Page, colour: tuple[int, int, int], where: str = "#picture") -> bool:
    seen = page.value(PIXEL.format(where))
    return seen is not None and all(abs(one - other) < 12 for one, other in zip(seen, colour, strict=True))


@pytest.mark.slow
def test_frames_change_by_themselves(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/video")
    wait_for(lambda: "Waiting for a picture" in text(page, "none"), what="the page without cameras")
    for colour in ((200, 30, 30), (30, 200, 30), (30, 30, 200)):
        send(hub, "<b>a</b>", colour)
        wait_for(lambda colour=colour: shows(page, colour), what="the new frame's colour on the page")
    assert text(page, "name") == "<b>a</b>" and page.value("document.querySelectorAll('#wall b b').length") == 0
    wait_for(lambda: text(page, "size").startswith("64x48"), what="the resolution")
    wait_for(lambda: "ago" in text(page, "state"), what="the age of a camera that sends no more")
    wait_for(lambda: text(page, "fps") == "0.00", what="the rate's sinking to 0")


@pytest.mark.slow
def test_a_wall_of_cameras_and_the_choice_of_one(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/video")
    names = [f"wall-{n:02}" for n in range(16)]
    colours = {name: (15 * n, 255 - 15 * n, 120) for n, name in enumerate(names)}
    for name in names:
        send(hub, name, colours[name])
    wait_for(
        lambda: page.value("document.querySelectorAll('#wall button').length") >= 16, what="sixteen cameras on the wall"
    )
    tile = "[...document.querySelectorAll('#wall button')].find((node) => node.textContent.startsWith('{}'))"
    page.value(
        "for (const node of document.querySelectorAll('#wall button')) node.querySelector('canvas').id = "
        "node.querySelector('b').textContent"
    )
    for name in names:
        wait_for(lambda name=name: shows(page, colours[name], f"#{name}"), what=f"the picture of {name}")
    page.value(tile.format("wall-07") + ".click()")
    wait_for(
        lambda: text(page, "name") == "wall-07" and shows(page, colours["wall-07"]), what="the chosen camera, large"
    )
    assert page.value("location.search") == "?camera=wall-07" and "camera=wall-07" in page.value(
        "document.getElementById('stream').href"
    )
    send(hub, "wall-08", (1, 2, 3))
    send(hub, "wall-07", (250, 250, 250))
    wait_for(lambda: shows(page, (250, 250, 250)), what="its next frame")


@pytest.mark.slow
def test_figures_and_plots(hub: HubProcess, page: Page) -> None:
    with cameras(hub, ["gate", "yard"], 10):
        page.open(f"{hub.url}/video?camera=gate")
        wait_for(
            lambda: text(page, "jitter-word") and text(page, "efficiency-word") and text(page, "processing-word"),
            what="the words",
        )
        wait_for(lambda: float(text(page, "fps")) > 3 and "max" in text(page, "fps-most"), what="the rate and its plot")
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
