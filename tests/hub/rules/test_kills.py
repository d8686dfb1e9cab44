"""A hub that is killed between a record and the alarm of a rule: each record is judged once all the same."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.contract.visits import ALARM_SECONDS
from tests.support.helpers import ROOT, HubProcess, capture_result, wait_for

pytestmark = pytest.mark.slow

RULE = {"name": "No number", "when": {"kind": "capture_failed"}, "pause_minutes": 0}


class KilledHub(HubProcess):
    script = ROOT / "tests" / "support" / "rules_app.py"


def add(hub: HubProcess, **changes: Any) -> dict[str, Any]:
    answer = requests.post(f"{hub.url}/api/rules", json={**RULE, **changes}, timeout=20)
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()["rule"]
    return rule


def fail(hub: HubProcess, number: int = 1) -> None:
    body = capture_result(event_id=f"{number}", station=f"station {number}", success=False, number="")
    requests.post(f"{hub.url}/api/captures", json=body, timeout=10)


def fired(hub: HubProcess) -> list[str]:
    return [one["sentence"] for one in hub.get("/api/rules/history")["history"]]


def alarms(hub: HubProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hub.get("/api/alerts", kind="rule")["alerts"]
    return found


def killed(tmp_path: Path, moment: str, rules: int = 1) -> Path:
    """The instance of a hub that was killed at a moment of its first capture."""
    instance = tmp_path / "instance"
    with KilledHub(instance, HUB_TEST_KILLED=moment) as hub:
        for number in range(rules):
            add(hub, name=f"No number {number}")
        with contextlib.suppress(requests.ConnectionError):
            fail(hub)
        wait_for(lambda: hub.process.poll() is not None, what="the hub's end")
    return instance


@pytest.mark.parametrize("moment", ["stored", "fired", "told"])
def test_a_record_of_the_moment_of_a_crash_is_judged_once(tmp_path: Path, moment: str) -> None:
    instance = killed(tmp_path, moment, rules=2)
    with HubProcess(instance) as hub:
        assert len(hub.captures()) == 1
        wait_for(lambda: len(alarms(hub)) == 2, what="the alarms")
        fail(hub, 2)
        wait_for(lambda: len(alarms(hub)) == 4, what="the alarms of the next one")
        assert len([one for one in fired(hub) if "station 1" in one]) == 2
        assert all(one["count"] == 1 and one["details"]["capture_id"] for one in alarms(hub))
    with HubProcess(instance) as hub:
        fail(hub, 3)
        wait_for(lambda: len(alarms(hub)) == 6)
        assert len(fired(hub)) == 6


def test_what_is_too_old_for_an_alarm_has_none(tmp_path: Path) -> None:
    instance = killed(tmp_path, "stored")
    with contextlib.closing(sqlite3.connect(instance / "hub.db")) as connection, connection:
        connection.execute("UPDATE captures SET received_at = received_at - ?", (ALARM_SECONDS + 5,))
    with HubProcess(instance) as hub:
        fail(hub, 2)
        [alarm] = wait_for(lambda: alarms(hub), what="the alarm of the new one")
        assert "station 2" in alarm["sentence"]
        assert len(fired(hub)) == 1 and hub.get("/status")["rules"]["left_out"] == 1


def test_a_rule_is_not_about_what_was_before_it(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        fail(hub, 1)
        rule = add(hub)
        fail(hub, 2)
        wait_for(lambda: fired(hub), what="the second")
        requests.delete(f"{hub.url}/api/rules/{rule['id']}", timeout=10).raise_for_status()
        fail(hub, 3)
        add(hub)
        fail(hub, 4)
        wait_for(lambda: len(fired(hub)) == 2, what="the fourth")
        time.sleep(0.5)
        assert ["station 4" in fired(hub)[0], "station 2" in fired(hub)[1]] == [True, True]


def test_a_pause_outlives_a_restart(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        add(hub, pause_minutes=60)
        fail(hub, 1)
        wait_for(lambda: fired(hub), what="the alarm")
        hub.kill()
    with hub:
        body = capture_result(event_id="again", station="station 1", success=False, number="")
        requests.post(f"{hub.url}/api/captures", json=body, timeout=10).raise_for_status()
        fail(hub, 2)
        wait_for(lambda: len(fired(hub)) == 2, what="the alarm of the other station")
        assert len([one for one in fired(hub) if "station 1" in one]) == 1
