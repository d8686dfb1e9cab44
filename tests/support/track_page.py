"""The page that follows a person, as tests use it: what it shows, and what it sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import requests

from tests.support import people
from tests.support.browser import Page
from tests.support.helpers import HubProcess, wait_for

# Records the messages that the page sends, the addresses it connects to, and the most frames without an answer.
RECORD = """
window.sent = []; window.addresses = []; window.unanswered = 0; window.most = 0;
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(address) {
    super(address);
    addresses.push(address);
    this.addEventListener("open", () => { unanswered = 0; });
    this.addEventListener("message", (event) => {
      if (typeof event.data === "string" && event.data.includes('"frame_info"')) unanswered -= 1;
    });
  }
  send(text) {
    const message = JSON.parse(text);
    if (message.type === "single_frame") {
      unanswered += 1;
      most = Math.max(most, unanswered);
      message.frame = message.frame.length;
    }
    sent.push(message);
    super.send(text);
  }
};
"""


@cache
def street() -> list[bytes]:
    """Pictures of RED and GREEN on a street, whose drawing takes seconds."""
    return [people.jpeg(picture) for picture, _ in people.walk([people.RED, people.GREEN], 12, steps=0.03, seed=3)]


def text(page: Page, id: str) -> str:
    return page.value(f"document.getElementById('{id}').textContent")


def count(page: Page, selector: str) -> int:
    return page.value(f"document.querySelectorAll('{selector}').length")


def click(page: Page, selector: str) -> None:
    page.value(f"document.querySelector('{selector}').click()")


def kept(page: Page) -> dict[str, Any]:
    """What the tab keeps over a reload."""
    return json.loads(page.value("sessionStorage.getItem('gatehouse.track.person')") or "{}")


def choose(page: Page, *paths: Path) -> None:
    """Choose reference pictures, and wait until they have been read."""
    page.choose_files("#files", list(paths))
    wait_for(lambda: kept(page).get("embedding") and not count(page, "#pictures[aria-busy]"), what="the embedding")


def boxes(page: Page) -> tuple[int, int]:
    """The people that have a box now, and how many of them match."""
    drawn = page.value("({...document.getElementById('boxes').dataset})")
    return int(drawn.get("people", 0)), int(drawn.get("matches", 0))


def slide(page: Page, value: float) -> None:
    """Move the slider, without letting it go yet."""
    page.value(f"threshold.value = '{value}'; threshold.dispatchEvent(new Event('input'))")


def start(page: Page, source: str = "webcam") -> None:
    page.value(f"document.getElementById('source').value = '{source}'")
    click(page, "#start")


def stop(page: Page) -> None:
    click(page, "#start")
    wait_for(lambda: text(page, "start") == "Start", what="the end")


@contextmanager
def camera(hub: HubProcess, name: str) -> Iterator[None]:
    """A camera of the hub that films the street."""
    done = threading.Event()
    pictures = street()

    def run() -> None:
        number = 0
        with requests.Session() as session:
            while not done.wait(0.05):
                picture = pictures[number // 4 % len(pictures)]
                session.post(f"{hub.url}/api/cameras/{name}/frame", data=picture, timeout=10)
                number += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
