"""Faults of PostgreSQL while the hub runs: senders hear 503 and nothing that was acknowledged is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import stores
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4, post, records
from tests.support.shared_secrets import copy_secrets

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)

CUTS = 3
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
FULL = """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON lpr_records EXECUTE FUNCTION no_room()"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with stores.using("postgresql"), HubProcess(tmp_path_factory.mktemp("hub") / "instance") as process:
        yield process


def _server(hub: HubProcess, statement: str) -> list[Any]:
    return stores.server(statement, stores.database(hub.instance))


def test_connections_that_are_cut_lose_and_double_nothing(hub: HubProcess) -> None:
    acknowledged: dict[str, str] = {}
    odd: list[str] = []
    ending = threading.Event()

    def send() -> None:
        number = 0
        while not ending.is_set():
            answer = post(hub, "/api/statistics", g4(event_id=f"cut-{number}", aicamera_id="cut"))
            if answer.status_code == 200:
                acknowledged[f"cut-{number}"] = answer.json()["detection_id"]
                number += 1
            elif answer.status_code != 503 or not answer.headers.get("Retry-After"):
                odd.append(f"{answer.status_code} {answer.text}")

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    for _ in range(CUTS):
        before = len(acknowledged)
        wait_for(lambda before=before: len(acknowledged) > before + 10, what="records")
        _server(hub, CUT)
        assert records(hub, limit=1)["records"], "a list is read by another connection"
    before = len(acknowledged)
    wait_for(lambda: len(acknowledged) > before + 10, what="records after the last cut")
    ending.set()
    sender.join(20)
    assert not odd
    rows = records(hub, camera="cut", limit=1000)["records"]
    stored = {row["event_id"]: row["detection_id"] for row in rows}
    assert len(stored) == len(rows) and stored.items() >= acknowledged.items()
    assert len(stored) <= len(acknowledged) + 1
    assert hub.get("/api/statistics")["data"]["total_detections"] == records(hub, limit=1)["total_count"]


def test_a_full_disk_at_postgresql_is_503_until_there_is_room(hub: HubProcess) -> None:
    body = g4(event_id="full", aicamera_id="full")
    _server(hub, FULL)
    try:
        answer = post(hub, "/api/statistics", body)
        assert answer.status_code == 503 and answer.headers["Retry-After"]
        assert "No space left on device" in answer.json()["message"]
        assert "disk" in requests.get(hub.url + "/status", timeout=10).text
    finally:
        _server(hub, "DROP FUNCTION no_room CASCADE")
    wait_for(lambda: post(hub, "/api/statistics", body).status_code == 200, what="room")
    assert len(records(hub, camera="full")["records"]) == 1


def test_texts_that_only_sqlite_can_hold_are_stored_without_them(hub: HubProcess) -> None:
    body = g4(event_id="nul", aicamera_id="n\0l", timestamp="2026-01-28T10:50:00\0")
    assert post(hub, "/api/statistics", body).status_code == 200
    assert [row["event_id"] for row in records(hub, limit=5)["records"]].count("nul") == 1


def test_two_hubs_store_the_same_record_once_and_give_the_same_id(hub: HubProcess, tmp_path: Path) -> None:
    copy_secrets(hub.instance, tmp_path / "instance")
    with HubProcess(tmp_path / "instance", HUB_STORE_URL=hub.environ["HUB_STORE_URL"]) as other:
        bodies = [g4(event_id=f"both-{number}", aicamera_id="both") for number in range(20)]
        found: dict[tuple[int, int], str] = {}

        def send(place: int, to: HubProcess) -> None:
            for number, body in enumerate(bodies):
                found[place, number] = post(to, "/api/statistics", body).json()["detection_id"]

        threads = [threading.Thread(target=send, args=each) for each in enumerate((hub, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert all(found[0, number] == found[1, number] for number in range(len(bodies)))
        assert records(other, camera="both", limit=100)["total_count"] == len(bodies)
