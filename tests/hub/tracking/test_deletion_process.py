"""A real hub that is killed: who was deleted stays deleted."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess, wait_for
from tests.support.matches import ANNA, BERT, fill

pytestmark = pytest.mark.slow  # real hubs

ENVIRON = {"HUB_TRACKING_KEEP_DAYS": "3650"}


def count(path: Path, table: str, person: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table} WHERE person = ?", (person,)).fetchone()[0])


@pytest.fixture
def hub(tmp_path: Path) -> Any:
    """A hub with stored matches of two persons."""
    instance = tmp_path / "instance"
    instance.mkdir()
    fill(instance / "hub.db", 3000)
    fill(instance / "hub.db", 5, BERT)
    with HubProcess(instance, **ENVIRON) as process:
        yield process


def test_a_person_stays_deleted_after_a_kill(hub: HubProcess) -> None:
    answer = requests.delete(f"{hub.url}/api/tracking/persons/{ANNA}", timeout=30)
    hub.kill()
    assert answer.json()["deleted"] == 3000
    path = hub.instance / "hub.db"
    assert (count(path, "tracking_matches", ANNA), count(path, "tracking_deletions", ANNA)) == (0, 1)
    hub.start()
    body = hub.get("/api/tracking/matches", person=ANNA)
    assert body["total_count"] == 0 and body["deleted_at"] is not None
    assert hub.get("/api/tracking/matches", person=BERT)["total_count"] == 5


def test_a_kill_between_refusal_and_deletion_is_made_up_for(hub: HubProcess) -> None:
    """Killed as soon as the deletion is recorded: the matches that are left are deleted at the next start."""
    path = hub.instance / "hub.db"

    def delete() -> None:
        try:
            requests.delete(f"{hub.url}/api/tracking/persons/{ANNA}", timeout=30)
        except requests.RequestException:  # the hub dies
            pass

    sender = threading.Thread(target=delete)
    sender.start()
    wait_for(lambda: count(path, "tracking_deletions", ANNA), what="the deletion's being recorded")
    hub.kill()
    sender.join()
    hub.start()
    assert hub.get("/api/tracking/matches", person=ANNA)["deleted_at"] is not None
    wait_for(lambda: count(path, "tracking_matches", ANNA) == 0, what="the deletion's end")
    assert count(path, "tracking_matches", BERT) == 5
