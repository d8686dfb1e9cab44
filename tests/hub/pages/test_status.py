"""The page of the hub's state in a real browser: tables, plots of the last hour, the log as it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.support.browser import MARKS, Page, browser
from tests.support.helpers import HubProcess, wait_for

pytestmark = [*MARKS, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, hub: HubProcess) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.size(1366, 768)
        page.open(f"{hub.url}/status")
        yield page
        assert page.complaints == []


FORM = "document.querySelector('#log form').elements"
LINES = "[...document.querySelectorAll('#log li')]"


def choose(page: Page, field: str, value: str, event: str) -> None:
    """Write a value into a field of the log's form."""
    page.value(f"(({{ {field} }}) => {{ {field}.value = '{value}'; {field}.{event}(); }})({FORM})")


def shown(page: Page, selector: str) -> str:
    return page.value(f"document.querySelector('{selector}').innerText")


def test_each_task_queue_port_and_version(hub: HubProcess, page: Page) -> None:
    wait_for(lambda: "writer" in shown(page, "#tasks"), what="the background work")
    status = hub.get("/status")
    for name in [task["name"] for task in status["tasks"]]:
        assert name in shown(page, "#tasks")
    for lane in status["lanes"]:
        assert lane["name"] in shown(page, "#queues")
    for port in status["listeners"].values():
        assert str(port) in shown(page, "#ports")
    assert status["closed_listeners"] == [] and "not open" not in shown(page, "#ports")
    assert status["versions"]["Python"] in shown(page, "#versions") and "MB of " in shown(page, "#disk")
    assert page.value("document.getElementById('deliveries-part').hidden")


def test_plots_with_a_sentence_and_a_table(page: Page) -> None:
    wait_for(lambda: page.value("document.querySelectorAll('#hour polyline').length") == 6, what="six plots")
    assert shown(page, "#hour [data-series=memory_mb] p").startswith("now ")
    assert shown(page, "#hour-table") == ""
    page.value("document.querySelector('.card summary').click()")
    wait_for(lambda: page.value("document.querySelectorAll('#hour-table tr').length") == 2, what="the table")
    assert page.value("document.querySelectorAll('#hour-table tr:last-child > *').length") == 7


def test_the_log_comes_by_itself_and_can_be_filtered(hub: HubProcess, page: Page) -> None:
    wait_for(lambda: page.value(f"{LINES}.length") > 3, what="the first lines")
    requests.get(f"{hub.url}/status", headers={"Host": "evil.example"}, timeout=10)
    wait_for(lambda: "Refused GET /status" in page.value(f"{LINES}[0].textContent"), what="the newest line first")
    assert page.value(f"{LINES}[0].querySelector('b').textContent") == "warning"
    choose(page, "level", "WARNING", "onchange")
    wait_for(lambda: set(page.value(f"{LINES}.map((line) => line.className)")) == {"warning"}, what="warnings alone")
    choose(page, "text", "no such", "oninput")
    assert shown(page, "#log [role=status]") == "0 lines" and shown(page, "#log ol") == ""


def test_a_hub_that_was_started_again_numbers_its_lines_anew(hub: HubProcess, page: Page) -> None:
    page.open(f"{hub.url}/status")
    wait_for(lambda: page.value("document.querySelectorAll('#log li').length") > 3, what="the first lines")
    hub.kill()
    wait_for(lambda: "cut off since" in shown(page, "#log [role=status]"), what="the word of it")
    hub.start()
    wait_for(lambda: page.value("document.querySelectorAll('#log li').length") > 3, what="the lines of the new one")
    numbers = page.value(f"{LINES}.map((line) => line.dataset.number)")
    assert len(set(numbers)) == len(numbers)
