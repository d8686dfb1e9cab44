"""Outboxes that lost their database, against a real hub: every result arrives, once and in order."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from agent_lib.outbox import Outbox
from agent_lib.outbox.recovery import PICTURES_ONLY
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink import Uplink
from agent_lib.uplink.answer import Delivered
from agent_lib.uplink.rest import RestUplink
from tests.support.agent import AgentProcess, fields, result
from tests.support.devices import jpeg
from tests.support.helpers import HubProcess, wait_for
from tests.support.outbox import files, outbox_of_the_version_before, records
from tests.support.uplink import full_disk

DATABASE = ("outbox.db", "outbox.db-wal", "outbox.db-shm")


def lose_database(folder: Path) -> None:
    for name in DATABASE:
        (folder / name).unlink(missing_ok=True)


def deliver_all(box: Outbox, url: str) -> int:
    """Deliver what waits; how many the hub confirmed."""
    uplink, supervisor = Uplink(HubSettings(url=url), box), Supervisor()
    uplink.start(supervisor)
    try:
        wait_for(lambda: box.empty)
    finally:
        uplink.stop()
        assert supervisor.stop(10) == []
        uplink.close()
    return uplink.delivered


def captures(hub: HubProcess, station: str) -> list[dict[str, Any]]:
    """Captures of a station, in the order in which they arrived."""
    rows = hub.get("/api/captures", limit=1000, station=station)["captures"]
    return sorted(rows, key=lambda row: row["received_at"])


def picture(hub: HubProcess, row: dict[str, Any], role: str) -> bytes:
    return requests.get(f"{hub.url}/images/{row[f'{role}_image_url'].rpartition('/')[2]}", timeout=5).content


def test_every_result_arrives_although_the_database_is_lost(hub: HubProcess, tmp_path: Path) -> None:
    box = Outbox(tmp_path, 10**9, 100)
    ids = []
    for number in range(5):
        one = result(f"E2D0{number}", station="lost")
        box.put(one, fields(one))
        ids.append(one.event_id)
    # The hub had the first one, and the agent died before it heard of that.
    rest, first = RestUplink(hub.url, 5), box.next()
    assert first is not None and rest.send(first) == Delivered()
    rest.close()
    box.close()
    lose_database(tmp_path)
    found = Outbox(tmp_path, 10**9, 100)
    assert deliver_all(found, hub.url) == 5
    found.close()
    rows = captures(hub, "lost")
    assert [row["event_id"] for row in rows] == ids
    assert all(picture(hub, row, role) == jpeg(n) for row in rows for n, role in ((1, "primary"), (2, "secondary")))
    assert files(tmp_path) == records(tmp_path) == []


@pytest.mark.parametrize("number", [0, 1], ids=["not delivered before", "delivered before"])
def test_pictures_of_the_version_before_arrive_without_their_record(
    hub: HubProcess, tmp_path: Path, number: int
) -> None:
    station = f"before-{number}"
    (event_id,) = outbox_of_the_version_before(tmp_path, "A")
    if number:
        rest, box = RestUplink(hub.url, 5), Outbox(tmp_path, 10**9, 100)
        entry = box.next()
        assert entry is not None
        entry.fields["station"] = station
        assert rest.send(entry) == Delivered()
        rest.close()
        box.close()
        (tmp_path / "outbox" / f"{event_id}.json").unlink()
    lose_database(tmp_path)
    found = Outbox(tmp_path, 10**9, 100, station)
    assert deliver_all(found, hub.url) == 1
    found.close()
    (row,) = captures(hub, station)
    assert row["event_id"] == event_id and picture(hub, row, "label") == jpeg(3)
    assert row["message"] == ("Successfully detected label" if number else PICTURES_ONLY)
    assert files(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_the_station_says_what_is_kept_aside_and_why_results_wait(hub: HubProcess, tmp_path: Path) -> None:
    instance = tmp_path / "agent"
    outbox_of_the_version_before(instance, "A")
    lose_database(instance)
    box = Outbox(instance, 10**9, 100)
    one = result("E2D100", station="one")
    box.put(one, fields(one))
    box.close()
    (instance / "agent.toml").write_text(
        '[rfid]\nhost = "127.0.0.1"\nport = 9\n[[stations]]\nname = "one"\nkind = "tags"\n'
        '[[stations]]\nname = "two"\nkind = "tags"\n'
    )

    def said() -> str:
        rows = hub.get("/api/stations")["stations"]
        return next((row["message"] for row in rows if row["station"] == "two"), "")

    with AgentProcess("--instance", str(instance), "--hub", hub.url, output=tmp_path / "out") as agent:
        with full_disk(hub.process.pid):
            wait_for(lambda: "Results wait for the hub: The hub cannot store now" in said())
        aside = f"3 files that belong to no capture are kept in {instance / 'outbox' / 'unclaimed'}."
        wait_for(lambda: captures(hub, "one"))
        wait_for(lambda: "Results wait" not in said() and said().endswith(aside))
        assert agent.end() == 0
    assert "unclaimed" in agent.text
