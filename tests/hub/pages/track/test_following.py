"""The page that follows a person: reference pictures, webcam, cameras of the hub, matches, threshold."""

from __future__ import annotations

import os
from pathlib import Path

import requests

from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, wait_for
from tests.support.track_page import boxes, camera, choose, click, count, kept, slide, start, stop, text

pytestmark = MARKS
SHOTS = os.environ.get("GATEHOUSE_SCREENSHOTS")


def test_the_page_says_what_comes_next_and_what_is_kept(hub: HubProcess, page: Page) -> None:
    headers = requests.get(f"{hub.url}/track", timeout=10).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert text(page, "state") == "Add a picture of the person, then press Start."
    assert "not faces" in text(page, "ability") and "ssd-mobilenetv2" in text(page, "model")
    assert "The hub stores no matches" in text(page, "keeping")
    assert page.value("document.getElementById('delete').disabled") is True
    assert page.value("[...document.getElementById('source').options].map((one) => one.value)")[0] == "webcam"
    start(page)
    wait_for(lambda: "or use this one" in text(page, "state"), what="the webcam's picture without a person")
    wait_for(lambda: page.value("document.getElementById('picture').width") == 640, what="the webcam's size")
    assert (
        count(page, "#matches li") == 0 and page.value("addresses.some((one) => one.includes('video-stream'))") is False
    )
    click(page, "#snap")
    wait_for(lambda: boxes(page)[0] == 2, what="the two people of the webcam, one of them the person")
    assert "2 persons were found" in text(page, "person-told")
    stop(page)


def test_the_webcam_is_searched_and_matches_are_listed(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"], photos["nobody"])
    assert text(page, "person-told") == "2 pictures read. No person was found in picture 2; it was left out."
    assert count(page, "#pictures li") == 2 and text(page, "state") == "Ready. Press Start."
    start(page)
    wait_for(lambda: boxes(page) == (2, 1), what="the box of the person and that of the other one")
    wait_for(lambda: count(page, "#matches li") >= 1, what="a row of the list")
    wait_for(lambda: text(page, "seen") == "2 people, 1 match", what="the number of people")
    assert text(page, "state") == "Looking for the person."
    wait_for(
        lambda: page.value("document.querySelector('#matches img').naturalHeight > 40"), what="the match's picture"
    )
    assert page.value("document.querySelector('#matches img').src").startswith("data:image/jpeg;base64,")
    shown = float(page.value("document.querySelector('#matches .distance').textContent").split()[1])
    assert 0 < shown < 0.38
    wait_for(lambda: page.value("sent.filter((one) => one.type === 'single_frame').length") > 8, what="more frames")
    assert page.value("most") == 1
    assert count(page, "#matches li") <= 3, "sightings of one track are one row"
    slide(page, 0.1)
    wait_for(lambda: boxes(page) == (2, 0), what="boxes of others only")
    assert "beyond the threshold" in text(page, "match-count")
    assert text(page, "no-matches").startswith("No match below the threshold")
    slide(page, 1)
    assert text(page, "limit") == "1.00"
    wait_for(lambda: boxes(page)[1] == 2, what="both as matches")
    wait_for(lambda: page.value("sent.at(-1).max_distance") == 1, what="the hub's being asked with it")
    wait_for(lambda: count(page, "#matches li") >= 2, what="the other person in the list")
    stop(page)
    assert page.value("sent.at(-1).type") == "stop_tracking" and boxes(page) == (0, 0)


def test_pictures_are_added_and_removed(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    first = kept(page)
    page.choose_files("#files", [photos["red again"]])
    wait_for(
        lambda: len(kept(page)["pictures"]) == 2 and kept(page)["embedding"] != first["embedding"], what="a better one"
    )
    assert kept(page)["persons"] == first["persons"], "it is the same person"
    page.choose_files("#files", [photos["nobody"]])
    wait_for(lambda: "not added" in text(page, "person-told"), what="the sentence about a picture without a person")
    page.choose_files("#files", [photos["no picture"]])
    wait_for(lambda: "cannot be read as a picture" in text(page, "person-told"), what="the sentence about the file")
    assert "<img src=x" in text(page, "person-told") and page.value("window.hurt") is None
    assert len(kept(page)["pictures"]) == 2
    page.open(f"http://localhost:{hub.port}/track")
    wait_for(lambda: count(page, "#pictures li") == 2, what="the pictures after a reload")
    assert kept(page)["embedding"] and page.value("localStorage.length") == 0
    for left in (1, 0):
        click(page, "#pictures button")
        wait_for(lambda left=left: count(page, "#pictures li") == left, what="one picture less")
    assert kept(page)["embedding"] is None and text(page, "state").startswith("Add a picture")


def test_pictures_are_dropped_and_pasted(page: Page) -> None:
    script = """(async () => {
      const canvas = document.createElement("canvas");
      canvas.width = 90; canvas.height = 200;
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      const data = new DataTransfer();
      data.items.add(new File([blob], "a.png", { type: "image/png" }));
      %s
    })()"""
    page.value(script % 'document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));')
    wait_for(lambda: count(page, "#pictures li") == 1 and kept(page).get("embedding"), what="the dropped picture")
    assert "the whole picture was used" in text(page, "person-told")
    page.value(script % 'document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));')
    wait_for(lambda: "not added" in text(page, "person-told"), what="the pasted picture, without a person too")


def test_a_match_becomes_a_further_picture(page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    before = kept(page)
    start(page)
    wait_for(lambda: count(page, "#matches li") >= 1, what="a match")
    click(page, "#matches button")
    wait_for(lambda: count(page, "#pictures li") == 2 and not count(page, "#pictures[aria-busy]"), what="the picture")
    assert kept(page)["persons"] == before["persons"] and kept(page)["embedding"] != before["embedding"]
    used = "[...document.querySelectorAll('#matches button')].some((one) => one.textContent === 'Used' && one.disabled)"
    wait_for(lambda: page.value(used), what="the row's being marked")
    assert page.value("document.getElementById('again').hidden") is True
    wait_for(lambda: page.value("sent.at(-1).person_embed") == kept(page)["embedding"], what="the search for it")
    if SHOTS:
        shoot(page, "track_1366.png")
        page.size(390, 844)
        shoot(page, "track_390.png")
        page.size(1366, 768)
    stop(page)


def shoot(page: Page, name: str) -> None:
    """A screenshot once the boxes are where the new size has them."""
    page.value("new Promise((done) => setTimeout(done, 1500))")
    page.screenshot(Path(str(SHOTS)) / name)


def test_a_camera_of_the_hub(hub: HubProcess, page: Page, photos: dict[str, Path]) -> None:
    with camera(hub, "gate"):
        choose(page, photos["red"])
        wait_for(lambda: any(row["camera"] == "gate" for row in hub.get("/api/frames")["cameras"]), what="the camera")
        wait_for(lambda: count(page, '#source option[value="camera:gate"]') == 1, what="the camera in the list")
        start(page, "camera:gate")
        wait_for(lambda: boxes(page) == (2, 1), what="the boxes")
        assert page.value("document.getElementById('picture').dataset.seq") is not None
        wait_for(lambda: page.value("document.querySelector('#matches .from')?.textContent") == "gate", what="a match")
        slide(page, 1)
        page.value("threshold.dispatchEvent(new Event('change'))")
        wait_for(lambda: page.value("sent.at(-1).type === 'start_tracking' && sent.at(-1).max_distance === 1"))
        wait_for(lambda: boxes(page) == (2, 2), what="both as matches")
        assert text(page, "start") == "Stop" and text(page, "look-trouble") == ""
        stop(page)


def test_a_named_source_has_no_picture_and_ends(page: Page, photos: dict[str, Path]) -> None:
    choose(page, photos["red"])
    start(page, "named:yard")
    wait_for(lambda: boxes(page) == (2, 1), what="the boxes")
    assert "without its picture" in text(page, "nothing")
    assert page.value("document.getElementById('snap').hidden") is True
    slide(page, 1)
    page.value("threshold.dispatchEvent(new Event('change'))")
    wait_for(lambda: boxes(page) == (2, 2), what="both as matches, after a new start")
    wait_for(lambda: "Source yard has ended" in text(page, "state"), what="the end of the video")
    assert text(page, "start") == "Start" and text(page, "look-trouble") == "No more frames from video source"
    assert count(page, "#matches li") >= 1
