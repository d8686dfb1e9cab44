"""Searches that read a whole table: everybody else is served meanwhile, and none runs without end."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from hub.lpr.repository.records import MAX_COUNTED
from tests.support.helpers import HubProcess
from tests.support.load import PATIENCE, Bystander
from tests.support.records import fill

pytestmark = pytest.mark.slow
RECORDS = 300_000
# So many that they are not looked up first, and all in the oldest records: the newest are searched in vain.
OLD_PLATES = (
    "INSERT INTO lpr_plates SELECT seq, 1, 'Q', 'Q1', 0.9, NULL, camera_id, checkpoint_id, occurred_at "
    f"FROM lpr_records WHERE seq <= {MAX_COUNTED + 9}"
)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with many records whose plates all begin with P."""
    folder = tmp_path_factory.mktemp("searches") / "instance"
    with HubProcess(folder):
        pass  # makes the tables
    fill(folder / "hub.db", RECORDS)
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.execute(OLD_PLATES)
    return folder


@pytest.fixture
def hub(instance: Path) -> Iterator[HubProcess]:
    with HubProcess(instance) as process:
        yield process


def answer_of(sock: socket.socket) -> tuple[int, bytes]:
    """Status and everything else of the answer to a request with `Connection: close`."""
    with sock:
        received = b"".join(iter(lambda: sock.recv(65536), b""))
    return int(received.split(b" ", 2)[1]), received


def test_sixty_searches_of_a_prefix_that_all_plates_have(hub: HubProcess) -> None:
    # Sockets instead of threads with `requests`: those would keep this process, and so the other clients in it, busy.
    with Bystander(hub, "/api/records") as records, Bystander(hub, "/api/captures") as captures:
        searches = [socket.create_connection(("127.0.0.1", hub.port), 100) for _ in range(60)]
        for sock in searches:
            sock.sendall(b"GET /api/records?plate=P* HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answers = [answer_of(sock) for sock in searches]
    assert records.longest < PATIENCE and captures.longest < PATIENCE, (records.longest, captures.longest)
    assert not records.failures and not captures.failures
    served = [text for status, text in answers if status == 200]
    busy = [text for status, text in answers if status == 503]
    assert len(served) + len(busy) == 60 and served
    assert all(b'"total_count":%d,"total_is_exact":false' % MAX_COUNTED in text for text in served)
    assert all(b"Retry-After: " in text and b"jobs for searches" in text for text in busy)
    lane = next(lane for lane in hub.get("/status")["lanes"] if lane["name"] == "searches")
    assert lane["refused"] == len(busy)


def test_a_search_is_stopped_at_its_time_limit(instance: Path) -> None:
    with HubProcess(instance, HUB_STORE_SEARCH_SECONDS="0.1") as hub:
        slow = requests.get(f"{hub.url}/api/records", params={"plate": "Q*", "checkpoint": "gate"}, timeout=30)
        assert slow.status_code == 503 and "Narrow the search" in slow.json()["message"], slow.text
        assert slow.headers["Retry-After"]
        assert hub.get("/status")["searches"]["stopped"] == 1
        assert hub.get("/api/records", plate="P0000017")["total_count"] > 0


def test_the_records_are_those_of_the_hub(instance: Path) -> None:
    with sqlite3.connect(instance / "hub.db") as connection:
        assert connection.execute("SELECT count(*) FROM lpr_records").fetchone() == (RECORDS,)
