"""A hub with a named source, a browser whose webcam plays drawn people, and reference pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.support import people
from tests.support.browser import Page, browser, fake_webcam
from tests.support.helpers import HubProcess, wait_for
from tests.support.track_page import RECORD, street, text

HUB_TOML = '[[tracking.sources]]\nname = "yard"\nurl = "yard.avi"\n'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the source `yard`, a video of two seconds."""
    instance = tmp_path_factory.mktemp("track") / "instance"
    instance.mkdir()
    (instance / "hub.toml").write_text(HUB_TOML, "utf-8")
    writer = cv2.VideoWriter(str(instance / "yard.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 480))
    for picture, _ in people.walk([people.RED, people.GREEN], 20, steps=0.03, seed=3):
        writer.write(picture)
    writer.release()
    with HubProcess(instance) as process:
        yield process


@pytest.fixture(scope="module")
def shared_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("browser")
    slow = [picture for picture in street() for _ in range(5)]
    with browser(folder, *fake_webcam(folder / "webcam.mjpeg", slow)) as page:
        page.size(1366, 768)
        page.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD)
        yield page
        assert page.complaints == []


@pytest.fixture
def page(hub: HubProcess, shared_page: Page) -> Page:
    """The page, opened anew, without a person."""
    shared_page.open(f"http://localhost:{hub.port}/track")
    shared_page.value("sessionStorage.clear()")
    shared_page.open(f"http://localhost:{hub.port}/track")
    wait_for(lambda: "clothes" in text(shared_page, "ability") and text(shared_page, "keeping"), what="the overview")
    return shared_page


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of reference pictures."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = {
        "red": people.portrait(people.RED),
        "red again": people.portrait(people.RED, seed=9),
        "green": people.portrait(people.GREEN),
        "nobody": people.frame([], 320, 400),
    }
    paths = {name: folder / f"{name}.jpg" for name in drawn}
    for name, path in paths.items():
        path.write_bytes(people.jpeg(drawn[name]))
    paths["no picture"] = folder / "<img src=x onerror=hurt=1>.jpg"
    paths["no picture"].write_bytes(b"not a picture")
    return paths
