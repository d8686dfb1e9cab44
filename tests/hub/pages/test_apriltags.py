"""The page of AprilTags in a real browser: live readings, boards, stored readings; boards and games on /status."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket

from tests.support.browser import Page, browser, needs_browser
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import Board, GameClient, stalled_game, tag_hub

SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("tags")) as process:
        yield process


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1280, 900)
        yield page
        assert page.complaints == []


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"{name}.png")
        page.size(400, 900)
        page.screenshot(Path(SHOTS) / f"{name}_narrow.png")
        page.size(1280, 900)


def live(page: Page) -> list[list[str]]:
    """Tag, board and x of each row of the live table."""
    return page.value(
        "[...document.querySelectorAll('#live tr')].slice(1).map((row) => [row.cells[0].textContent, "
        "row.cells[1].textContent, row.cells[3].textContent])"
    )


def test_pages_hear_of_readings_in_batches_the_newest_of_each_tag(hub: HubProcess) -> None:
    events = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=10)
    with Board(hub, source="127.0.0.5") as board:
        for number in range(300):
            board.reading(tag_id=number % 3, x_cm=number)
        batches = []
        while not batches or max(row["x_cm"] for row in batches[-1]["tags"]) < 299:
            batches.append(json.loads(events.recv()))
    events.close()
    assert {batch["event"] for batch in batches} == {"tags"} and all(len(batch["tags"]) <= 3 for batch in batches)
    assert sum(len(batch["tags"]) for batch in batches) < 150
    newest = hub.get("/api/apriltags/newest")
    assert [(row["tag_id"], row["x_cm"], row["board"]) for row in newest["tags"]] == [
        (2, 299, "127.0.0.5"),
        (1, 298, "127.0.0.5"),
        (0, 297, "127.0.0.5"),
    ]
    assert (
        newest["success"] is True and newest["boards"][0]["address"] == "127.0.0.5" and newest["games"]["games"] == []
    )


@pytest.mark.slow
@needs_browser
def test_readings_come_by_themselves_and_text_is_never_markup(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/apriltags")
    wait_for(lambda: len(live(page)) == 3, what="what was there")
    page.value("window.marked = true")
    with Board(hub, source="127.0.0.6") as board:
        hostile = "<img src=x onerror='window.hurt=1'>"
        board.reading(tag_id=12, x_cm=-33.25, y_cm=None, camera_name=hostile)
        board.say({"event": "apriltag_data", "x_cm": 7})
        wait_for(
            lambda: ["12", "127.0.0.6", "-33.2"] in live(page) or ["12", "127.0.0.6", "-33.3"] in live(page),
            what="the new reading",
        )
        wait_for(lambda: ["?", "127.0.0.6", "7"] in live(page), what="the reading without a tag")
        board.reading(tag_id=12, x_cm=55, camera_name=hostile)
        wait_for(lambda: ["12", "127.0.0.6", "55"] in live(page), what="its change")
        wait_for(
            lambda: (
                "127.0.0.6" in page.value("document.querySelector('#boards').textContent")
                and hostile in page.value("document.querySelector('#boards').textContent")
            ),
            what="the board",
        )
        shot(page, "apriltags")
    assert page.value("window.marked") is True and page.value("window.hurt") is None
    assert page.value("document.documentElement.scrollWidth <= innerWidth")


GAME = """
window.heard = [];
const socket = new WebSocket("ADDRESS");
socket.onmessage = (event) => window.heard.push(JSON.parse(event.data));
const data = { type: "gdevelop", name: "in a browser" };
socket.onopen = () => socket.send(JSON.stringify({ event: "identify", data }));
"""


@needs_browser
def test_a_game_in_a_browser_from_a_file(hub: HubProcess, page: Page, tmp_path: Path) -> None:
    (tmp_path / "game.html").write_text("<!doctype html><title>A game</title>")
    page.open((tmp_path / "game.html").as_uri())
    page.value(GAME.replace("ADDRESS", f"ws://127.0.0.1:{hub.side['apriltag']}/"))
    known = "window.heard.map((message) => message.event).slice(0, 2)"
    wait_for(lambda: page.value(known) == ["connection_success", "identify_success"], what="the game's being known")
    with Board(hub, source="127.0.0.10") as board:
        board.reading(tag_id=31, x_cm=1.5)
        wait_for(lambda: page.value("window.heard.at(-1).tag_id") == 31, what="the reading")
        assert page.value("window.heard.at(-1).x_cm") == 1.5


@pytest.mark.slow
@needs_browser
def test_stored_readings_are_found(hub: HubProcess, page: Page) -> None:
    with Board(hub, source="127.0.0.7") as board:
        for number in range(30):
            board.reading(tag_id=77, x_cm=number)
    page.open(f"{hub.url}/apriltags")
    stored = "[...document.querySelectorAll('#stored tr')].slice(1).map((row) => row.cells[0].textContent)"
    wait_for(lambda: len(page.value(stored) or []) == 20, what="the newest readings")
    page.value(
        "document.querySelector('#search [name=tag]').value = '77'; document.querySelector('#search').requestSubmit()"
    )
    wait_for(
        lambda: page.value(stored) == ["77"] * 20 and page.value("document.querySelector('#more').hidden") is False,
        what="those of one tag",
    )
    page.value("document.querySelector('#more').click()")
    wait_for(lambda: page.value(stored) == ["77"] * 30, what="the older ones")
    page.value(
        "document.querySelector('#search [name=tag]').value = 'x'; document.querySelector('#search').requestSubmit()"
    )
    wait_for(lambda: page.value("document.querySelector('#found').textContent"), what="a sentence about what is no tag")


@pytest.mark.slow
@needs_browser
def test_the_status_page_lists_boards_and_games_with_their_queues(hub: HubProcess, page: Page) -> None:
    stalled = stalled_game(hub)
    with Board(hub, source="127.0.0.8") as board, GameClient(hub, name="<b>Maze</b>"):
        for _ in range(1200):
            board.reading(tag_id=5, padding="x" * 500)
        page.open(f"{hub.url}/status")
        wait_for(lambda: "127.0.0.8" in page.value("document.querySelector('#boards').textContent"), what="the board")
        wait_for(lambda: "<b>Maze</b>" in page.value("document.querySelector('#games').textContent"), what="the game")
        rows = page.value(
            "[...document.querySelectorAll('#games tr')].slice(1).map((row) => [...row.cells].map((cell) => "
            "cell.textContent))"
        )
        assert {row[-1] for row in rows} == {"<b>Maze</b>", "stalled"}
        shot(page, "status")
    stalled.sock.close()
