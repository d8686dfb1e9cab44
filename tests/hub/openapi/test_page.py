"""The page /docs in a real browser, without the internet: searched, opened by a link, at two sizes of window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, wait_for

pytestmark = [*MARKS, pytest.mark.slow]
SHOWN = "[...document.querySelectorAll('.operation')].filter((one) => one.offsetParent).map((one) => one.id)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, hub: HubProcess) -> Iterator[Page]:
    with browser(
        tmp_path_factory.mktemp("browser"), "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    ) as page:
        yield page
        assert page.complaints == []


def opened(page: Page, hub: HubProcess, width: int, height: int, fragment: str = "") -> None:
    page.size(width, height)
    page.open("about:blank")
    page.open(f"{hub.url}/docs{fragment}")
    wait_for(lambda: page.value("document.querySelectorAll('.operation').length > 80"), what="the operations")


def test_words_part_and_role_find_operations(page: Page, hub: HubProcess) -> None:
    opened(page, hub, 1366, 768)
    every = len(page.value(SHOWN))
    page.value("words.value = 'POST captures'; words.dispatchEvent(new Event('input'))")
    assert page.value(SHOWN) == ["post_api_captures", "post_api_captures_capture_id_protect"]
    assert page.value("found.textContent") == f"2 of {every} addresses"
    page.value("words.value = ''; role.value = 'admin'; role.dispatchEvent(new Event('input'))")
    shown = page.value(SHOWN)
    assert "post_api_access_tokens" in shown and "post_api_captures" not in shown


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_a_link_opens_an_operation_with_its_example(page: Page, hub: HubProcess, width: int, height: int) -> None:
    opened(page, hub, width, height, "#post_api_captures")
    shown = wait_for(lambda: page.value("document.querySelector('#post_api_captures .copy pre')?.textContent"))
    assert shown.startswith("curl -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{")
    assert shown.endswith(f"'{hub.url}/api/captures'")
    assert "event_id" in page.value("document.querySelector('#post_api_captures .fields').textContent")
    # Nothing is wider than the window, nor hidden under the bar.
    page.value(
        "document.querySelectorAll('.intro details, #post_api_captures details').forEach((one) => one.open = true)"
    )
    assert page.value("document.documentElement.scrollWidth") == width
    page.value("document.getElementById('post_api_captures').scrollIntoView()")
    bar = "document.querySelector('.bar').getBoundingClientRect().bottom"
    assert page.value(f"document.getElementById('post_api_captures').getBoundingClientRect().top >= {bar}")


def test_it_loads_nothing_from_elsewhere(page: Page, hub: HubProcess) -> None:
    opened(page, hub, 1366, 768)
    loaded = page.value("performance.getEntriesByType('resource').map((one) => one.name)")
    assert f"{hub.url}/openapi.json" in loaded
    assert [one for one in loaded if not one.startswith(f"{hub.url}/")] == []
    assert page.value("document.querySelectorAll('.channel').length") > 3
