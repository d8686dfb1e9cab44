"""The preview over REST and on the command line, and the run that follows it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.retention.service import Retention
from hub.retention_kinds import retention_kinds
from tests.support.expiring_rows import START, set_received, store_capture, store_detection
from tests.support.helpers import HubProcess, capture_result, run_app, wait_for
from tests.support.retention import DAY, retention_of


def test_the_api_says_what_goes_and_what_has_gone(parts: Any, client: Any) -> None:
    for number in range(6):
        store_capture(client, number)
        store_detection(client, number)
    set_received(parts, "captures", [START + number * DAY for number in range(6)])
    client.post("/api/captures/" + client.get("/api/captures").json["captures"][-1]["id"] + "/protect")
    retention = retention_of(parts, {"captures": 3, "detections": 0}, lambda: START + 6 * DAY)
    shown = retention.preview()
    captures, detections = shown["kinds"]
    if captures["kind"] != "captures":
        captures, detections = detections, captures
    assert (captures["would_delete"]["records"], captures["protected"], captures["days"]) == (2, 1, 3)
    assert captures["would_delete"]["bytes"] > 6000 and captures["oldest_kept"].startswith("2023-11-17")
    assert (detections["would_delete"]["records"], detections["days"]) == (0, None)
    assert retention.run_once() == 2
    again = next(kind for kind in retention.preview()["kinds"] if kind["kind"] == "captures")
    assert again["would_delete"]["records"] == 0
    assert again["last_run"]["records"] == again["since_start"]["records"] == again["total"]["records"] == 2
    later = retention_of(parts, {"captures": 1}, lambda: START + 6 * DAY)
    later.load()
    assert later.run_once() == 2
    (kind,) = later.preview()["kinds"]
    assert (kind["since_start"]["records"], kind["last_run"]["records"], kind["total"]["records"]) == (2, 2, 4)


def test_every_kind_of_the_hub_is_in_the_preview_of_the_command_line(parts: Any, client: Any) -> None:
    body = client.get("/api/retention").json
    by_name = {kind.name: kind for kind in retention_kinds(parts.settings)}
    assert [kind["kind"] for kind in body["kinds"]][:2] == ["captures", "detections"]
    assert {kind["kind"] for kind in body["kinds"]} == set(by_name) == {kind.name for kind in parts.expiring}
    for kind in parts.expiring:
        alone = by_name[kind.name]
        assert (kind.table, kind.days, kind.setting, kind.in_budget, kind.max_rows) == (
            alone.table,
            alone.days,
            alone.setting,
            alone.in_budget,
            alone.max_rows,
        )


def test_a_clock_that_is_ahead_deletes_nothing_by_age_and_is_shown(parts: Any, client: Any, tmp_path: Path) -> None:
    from hub.store.plausible_clock import PlausibleClock

    store_capture(client, 1)
    set_received(parts, "captures", [START])
    clock = PlausibleClock(tmp_path, lambda: START + 100 * DAY)
    retention = retention_of(parts, {"captures": 3}, clock=clock)
    assert retention.run_once() == 0
    (kind,) = retention.preview()["kinds"]
    assert kind["clock_ahead_days"] == 100 and kind["would_delete"]["records"] == 0


def test_a_budget_that_protection_breaks_is_a_warning(parts: Any, client: Any) -> None:
    made = store_capture(client, 1, 200_000)
    client.post(f"/api/captures/{made}/protect")
    retention = retention_of(parts, {"captures": 0}, budget=100_000)
    assert retention.run_once() == 0
    (warning,) = retention.warnings()
    assert "retention.max_gb" in warning and "protected" in warning
    client.delete(f"/api/captures/{made}/protect")
    retention.run_once()
    assert client.get("/api/captures").json["captures"] == []


def test_the_hub_has_it_running(parts: Any, client: Any) -> None:
    assert client.get("/status").json["retention"]["deleted"] == {}
    assert isinstance(parts.part(Retention), Retention)


def preview(instance: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return run_app("retention", "--preview", "--instance", instance, **environ)


@pytest.mark.slow
def test_the_command_beside_a_running_hub_and_without_one(tmp_path: Path) -> None:
    missing = preview(tmp_path / "none")
    assert (missing.returncode, missing.stdout) == (1, "") and "no database" in missing.stderr
    assert not (tmp_path / "none").exists()
    with HubProcess(tmp_path / "instance") as hub:
        for number in range(3):
            sent = capture_result(event_id=f"e{number}")
            assert requests.post(hub.url + "/api/captures", json=sent, timeout=10).status_code == 201
        running = preview(hub.instance, HUB_RETENTION_MAX_GB="0.0000001")
        assert running.returncode == 0, running.stderr
        assert "captures" in running.stdout and "oldest first beyond 0.0 MB" in running.stdout
        row = next(line for line in running.stdout.splitlines() if line.startswith("captures"))
        assert "  3  " in row
        assert len(hub.captures()) == 3
    files = {path: path.stat().st_mtime_ns for path in hub.instance.rglob("*") if path.suffix != ".log"}
    stopped = preview(hub.instance)
    assert stopped.returncode == 0 and "There is no budget" in stopped.stdout
    after = {path: path.stat().st_mtime_ns for path in files}
    assert files == after, "a preview writes nothing"
    assert wait_for(lambda: hub.process.poll() is not None)
