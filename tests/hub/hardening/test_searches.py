"""Searches that read a whole table: everybody else is served meanwhile, and none runs without end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.helpers import HubProcess
from tests.support.load import Bystander
from tests.support.records import fill

pytestmark = pytest.mark.slow
RECORDS = 300_000


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with many records whose plates all begin with P."""
    folder = tmp_path_factory.mktemp("searches") / "instance"
    with HubProcess(folder):
        pass  # makes the tables
    fill(folder / "hub.db", RECORDS)
    return folder


@pytest.fixture
def hub(instance: Path) -> Iterator[HubProcess]:
    with HubProcess(instance) as process:
        yield process


def test_sixty_searches_of_a_prefix_that_all_plates_have(hub: HubProcess) -> None:
    answers: list[requests.Response] = []

    def search() -> None:
        answers.append(requests.get(f"{hub.url}/api/records", params={"plate": "P*"}, timeout=100))

    threads = [threading.Thread(target=search) for _ in range(60)]
    with Bystander(hub, "/api/records") as records, Bystander(hub, "/api/captures") as captures:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert records.longest < 1.0 and captures.longest < 1.0, (records.longest, captures.longest)
    assert not records.failures and not captures.failures
    served = [answer for answer in answers if answer.status_code == 200]
    busy = [answer for answer in answers if answer.status_code == 503]
    assert len(answers) == 60 and len(served) + len(busy) == 60 and served
    assert all(answer.json()["total_count"] == RECORDS for answer in served)
    assert all(answer.headers["Retry-After"] and "searches" in answer.json()["message"] for answer in busy)
    lane = next(lane for lane in hub.get("/status")["lanes"] if lane["name"] == "searches")
    assert lane["refused"] == len(busy)


def test_a_search_is_stopped_at_its_time_limit(instance: Path) -> None:
    with HubProcess(instance, HUB_STORE_SEARCH_SECONDS="0.1") as hub:
        slow = requests.get(f"{hub.url}/api/records", params={"plate": "P*", "from": "2025-01-01"}, timeout=30)
        assert slow.status_code == 503 and "Narrow the search" in slow.json()["message"], slow.text
        assert slow.headers["Retry-After"]
        assert hub.get("/status")["searches"]["stopped"] == 1
        assert hub.get("/api/records", plate="P0000017")["total_count"] > 0


def test_the_records_are_those_of_the_hub(instance: Path) -> None:
    with sqlite3.connect(instance / "hub.db") as connection:
        assert connection.execute("SELECT count(*) FROM lpr_records").fetchone() == (RECORDS,)
