"""The pages of records in a real browser: one live list, search in the address, one record, enlarged pictures."""

from __future__ import annotations

import base64

from tests.support.browser import MARKS, Page
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for
from tests.support.lpr import g4, post

pytestmark = MARKS
PICTURE = base64.b64encode(jpeg(640, 360)).decode()


def values(page: Page) -> list[str]:
    return page.value("[...document.querySelectorAll('.record .value')].map((node) => node.textContent.trim())")


def send(hub: HubProcess, number: str, at: float, **more: object) -> str:
    body = capture_result(event_id=f"n{number}", number=number, started_ts=at, **more)
    return post(hub, "/api/captures", body).json()["id"]


def test_both_kinds_come_by_themselves_into_one_list(hub: HubProcess, page: Page) -> None:
    send(hub, "10001", 1_769_580_000.0, primary_image=PICTURE, label_image=PICTURE)
    page.open(f"{hub.url}/records")
    wait_for(lambda: values(page) == ["10001"], what="the capture that was there")
    post(hub, "/api/detection", g4(timestamp=1_769_580_060.0, original_image=PICTURE))
    send(hub, "10002", 1_769_580_030.0)
    wait_for(lambda: values(page) == ["กข 1234", "10002", "10001"], what="the newer ones in their places")
    wait_for(
        lambda: page.value("[...document.querySelectorAll('.shots img')].every((image) => image.naturalWidth === 320)"),
        what="thumbnails",
    )
    assert page.value("document.querySelectorAll('h1').length") == 1
    assert page.value("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_search_stays_in_the_address_and_in_the_files(hub: HubProcess, page: Page) -> None:
    send(hub, "", 1_769_580_010.0, success=False, message="No label was found.")
    page.open(f"{hub.url}/records?text=1000*&kind=capture")
    wait_for(lambda: values(page) == ["10002", "10001"], what="what was found")
    wait_for(lambda: "text=1000*&kind=capture" in page.value("document.getElementById('csv').href"), what="the file")
    page.value("document.querySelector('[data-view=unread]').click()")
    page.value("document.querySelector('[name=text]').value = ''; document.getElementById('search').requestSubmit()")
    wait_for(lambda: values(page) == ["not read"], what="the queue of unread ones")
    assert "unread=true" in page.value("location.search")


def test_an_answer_that_comes_after_that_of_a_later_search_is_left_out(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/records?kind=capture")
    wait_for(lambda: "10001" in values(page), what="the list")
    page.value(
        "{ const real = fetch; let slow = true; window.late = 0; window.fetch = async (...asked) => {"
        " const wait = slow; slow = false; const answer = await real(...asked);"
        " if (wait) { await new Promise((done) => setTimeout(done, 800)); setTimeout(() => { late += 1; }, 200); }"
        " return answer; }; }"
    )
    for text in ("10001", "10002"):
        page.value(
            f"document.querySelector('[name=text]').value = '{text}'; document.getElementById('search').requestSubmit()"
        )
    wait_for(lambda: page.value("late") == 1, what="the late answer")
    assert values(page) == ["10002"]


def test_a_record_of_its_own_address(hub: HubProcess, page: Page) -> None:
    capture = send(hub, "10003", 1_769_580_090.0, primary_image=PICTURE, label_image=PICTURE)
    page.open(f"{hub.url}/records/capture/{capture}")
    wait_for(lambda: page.value("document.querySelectorAll('.enlarge img').length") == 2, what="the pictures")
    assert page.value("document.getElementById('value').textContent") == "10003"
    page.value("document.querySelector('.enlarge').click()")
    page.press("ArrowRight", 39)
    assert "_label_" in page.value("document.querySelector('dialog[open] img').src")
    page.press("ArrowRight", 39)
    assert "_primary_" in page.value("document.querySelector('dialog[open] img').src")
    page.press("Escape", 27)
    wait_for(lambda: page.value("document.querySelector('dialog[open]') === null"), what="the list again")
    page.value("document.getElementById('protect').click()")
    wait_for(lambda: hub.get(f"/api/captures/{capture}")["protected"], what="the protection")
    wait_for(lambda: "Protected" in page.value("document.getElementById('protected').textContent"), what="its words")
    page.open(f"{hub.url}/records/capture/nothing")
    wait_for(lambda: "no capture" in page.value("document.getElementById('error').textContent"), what="the sentence")
