"""Barriers while the database stands still, with rows that cannot be read, and over kills."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.barriers import BarrierHub, Receiver, http_barrier, receiver
from tests.support.helpers import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def relay() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def test_while_nothing_can_be_stored_nothing_opens_by_itself_and_people_are_served(tmp_path, relay) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub:
        database = sqlite3.connect(hub.instance / "hub.db", isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            hub.publish()
            wait_for(lambda: "could come twice" in hub.barrier()["refusal"], what="the refusal")
            assert relay.received == []
            assert hub.open(note="the disk stands still").status_code == 200
            assert len(relay.received) == 1
            began = time.monotonic()
            assert hub.set_stopped(True)["stopped"] and time.monotonic() - began < 3
        finally:
            database.execute("ROLLBACK")
            database.close()


def test_rows_that_cannot_be_read_stop_neither_the_start_nor_a_barrier(tmp_path, relay) -> None:
    hub = BarrierHub(tmp_path / "instance", http_barrier(relay))
    with hub:
        for number in range(3):
            hub.publish(visit_id=f"v{number}")
        wait_for(lambda: len(relay.received) == 3, what="three pulses")
        hub.settle()
        hub.stop()
        database = sqlite3.connect(hub.instance / "hub.db")
        database.execute("UPDATE barrier_pulses SET request = '{', received_at = 'now' WHERE visit = 'v2'")
        database.execute("UPDATE barrier_pulses SET request = '[]' WHERE visit = 'v1'")
        database.commit()
        database.close()
        hub.start()
        assert hub.barrier()["last"]["visit"] == "v0"
        for number in range(4):
            hub.publish(visit_id=f"v{number}", new=False)
        wait_for(lambda: len(relay.received) == 4, what="one more pulse")
        hub.settle()
        assert len(relay.received) == 4


def test_no_visit_opens_twice_however_often_the_hub_is_killed(tmp_path, relay) -> None:
    body = {"body": "{visit}", "headers": ["Content-Type: text/plain"], "per_minute": 60}
    visits = [f"v{number}" for number in range(24)]
    with BarrierHub(tmp_path / "instance", http_barrier(relay, **body)) as hub:
        for round_number in range(3):
            for visit_id in visits[: 8 * (round_number + 1)]:
                hub.publish(visit_id=visit_id)
            hub.kill()
            hub.start()
        for visit_id in visits:
            hub.publish(visit_id=visit_id)
        hub.settle()
    counts = Counter(one.body.decode() for one in relay.received)
    assert max(counts.values()) == 1 and set(counts) <= set(visits) and len(counts) > 4
