"""The page that follows a person: lost connections, denied webcams, the keyboard, small screens, deletion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, wait_for
from tests.support.track_page import boxes, choose, click, count, kept, start, stop, text

pytestmark = MARKS
TAB, ENTER, RIGHT = ("Tab", 9), ("Enter", 13, "\r"), ("ArrowRight", 39)
FOCUSED = "document.activeElement.id"
BOTTOM = "Math.round(document.querySelector('{}').getBoundingClientRect().bottom)"


def test_a_lost_connection_comes_back_by_itself(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    start(page)
    wait_for(lambda: boxes(page) == (2, 1), what="the boxes")
    hub.stop()
    wait_for(lambda: text(page, "state").startswith("No connection to the hub since"), what="the sentence")
    assert re.search(r"since \d\d:\d\d:\d\d;", text(page, "state")) and boxes(page) == (0, 0)
    hub.start()
    wait_for(lambda: boxes(page) == (2, 1), 30, what="the boxes, by itself")
    assert text(page, "state") == "Looking for the person."
    addresses = page.value("addresses.filter((one) => one.includes('/video-stream/'))")
    assert len(addresses) >= 2 and len(set(addresses)) == 1, "it reconnects with the same id"
    stop(page)


def test_an_embedding_of_another_key_can_be_read_again(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    start(page)
    wait_for(lambda: boxes(page) == (2, 1), what="the boxes")
    hub.stop()
    (hub.instance / "tracking_key").unlink()
    hub.start()
    wait_for(lambda: "another hub" in text(page, "look-trouble"), 30, what="the hub's sentence")
    assert page.value("document.getElementById('look-trouble').checkVisibility()")
    assert page.value("document.getElementById('again').hidden") is False
    click(page, "#again")
    wait_for(lambda: boxes(page) == (2, 1), what="the boxes, with a new embedding")
    wait_for(lambda: text(page, "look-trouble") == "", what="the sentence's going")
    stop(page)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [(("--use-fake-device-for-media-stream",), "The browser does not let this page"), ((), "No webcam was found")],
)
def test_a_webcam_that_is_denied_or_missing(
    hub: HubProcess, tmp_path: Path, flags: tuple[str, ...], sentence: str
) -> None:
    with browser(tmp_path, *flags) as page:
        page.call("Browser.setPermission", permission={"name": "camera"}, setting="denied")
        page.open(f"http://localhost:{hub.port}/track")
        wait_for(lambda: text(page, "keeping"), what="the overview")
        click(page, "#start")
        wait_for(lambda: text(page, "look-trouble").startswith(sentence), what="a sentence with the next step")
        assert text(page, "start") == "Start" and page.value("document.getElementById('start').disabled") is False
        assert page.complaints == []


def test_the_page_is_used_by_keyboard(page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    page.value("document.getElementById('source').focus()")
    page.press(*TAB)
    assert page.value(FOCUSED) == "start"
    page.press(*ENTER)
    wait_for(lambda: boxes(page) == (2, 1), what="the boxes")
    for _ in range(2):
        page.press(*TAB)
    assert page.value(FOCUSED) == "threshold"
    page.press(*RIGHT)
    assert text(page, "limit") == "0.39"
    reached = set()
    for _ in range(8):
        page.press(*TAB)
        reached.add(page.value(f"{FOCUSED} || document.activeElement.getAttribute('aria-label') || ''"))
    assert any(name.startswith("Use the picture of") for name in reached), reached
    unnamed = (
        "[...document.querySelectorAll('.track button, .track input, .track select')].filter((node) => "
        "!node.textContent.trim() && !node.getAttribute('aria-label') && !node.labels?.length).length"
    )
    assert page.value(unnamed) == 0
    stop(page)


def test_what_matters_fits_on_the_screen(page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    start(page)
    wait_for(lambda: boxes(page) == (2, 1) and count(page, "#matches li") >= 1, what="a match")
    for width, height, seen in (
        (1366, 768, ("#start", "#frame", "#threshold", "#drop", "#matches li", "#ability")),
        (390, 844, ("#start", "#frame", "#threshold", "#drop", "#matches-title")),
    ):
        page.size(width, height)
        wait_for(lambda width=width: page.value("document.documentElement.scrollWidth") == width, what="no wide page")
        for selector in seen:
            assert 0 < page.value(BOTTOM.format(selector)) <= height, (width, selector)
    page.size(1366, 768)
    stop(page)


def test_the_person_is_deleted_at_the_hub_and_here(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    start(page)
    wait_for(lambda: count(page, "#matches li") >= 1, what="a match")
    embedding = page.value("sent.at(-1).person_embed")
    click(page, "#delete")
    assert page.value("document.getElementById('really').open") is True
    click(page, "#really [value=cancel]")
    assert count(page, "#pictures li") == 1 and text(page, "start") == "Stop"
    click(page, "#delete")
    click(page, "#really [value=delete]")
    wait_for(lambda: text(page, "person-told").startswith("Deleted, with 0 stored matches"), what="the hub's answer")
    assert count(page, "#pictures li") == 0 and count(page, "#matches li") == 0 and text(page, "start") == "Start"
    assert page.value("sessionStorage.length") == 0
    picture = "document.createElement('canvas').toDataURL('image/png')"
    refused = page.value(
        "fetch('/upload-embedding', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
        f"body: JSON.stringify({{image: {picture}, embedding: '{embedding}'}})"
        "}).then((answer) => answer.json()).then((body) => body.detail)"
    )
    assert "was deleted" in refused


def test_kept_matches_are_listed_after_a_reload_and_deleted(
    page: Page, photos: dict[str, Path], tmp_path: Path
) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "hub.toml").write_text("[tracking]\nkeep_matches = true\nkeep_days = 7\n", "utf-8")
    with HubProcess(instance) as keeping:
        address = f"http://localhost:{keeping.port}/track"
        page.open(address)
        wait_for(lambda: "for 7 days" in text(page, "keeping"), what="the sentence about what is stored")
        choose(page, photos["red"])
        person = kept(page)["persons"][0]
        start(page)
        wait_for(lambda: keeping.get("/api/tracking/matches", person=person)["total_count"], what="a stored match")
        stop(page)
        page.open(address)
        wait_for(lambda: count(page, "#matches li") == 1, what="the stored sighting, one row")
        wait_for(lambda: page.value("document.querySelector('#matches img').naturalHeight > 20"), what="its picture")
        click(page, "#delete")
        click(page, "#really [value=delete]")
        wait_for(lambda: text(page, "person-told").startswith("Deleted, with "), what="the hub's answer")
        assert not text(page, "person-told").startswith("Deleted, with 0 ") and count(page, "#matches li") == 0
        assert keeping.get("/api/tracking/matches", person=person)["total_count"] == 0
