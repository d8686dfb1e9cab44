"""Backups and checks that a running hub is asked for, on its page's routes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.backup.archive import Head
from hub.backup.archive_writer import ArchiveWriter
from hub.backup.listing import listed
from hub.backup.pace import Pace
from hub.backup.restore import check, restore
from tests.hub.backup.conftest import Filled
from tests.support.backup import shown
from tests.support.helpers import HubProcess, wait_for

pytestmark = pytest.mark.slow


def idle(hub: HubProcess) -> dict[str, Any]:
    """The state once nothing runs any more."""

    def state() -> dict[str, Any] | None:
        found = hub.get("/api/maintenance")
        return None if found["waiting"] else found

    return wait_for(state, 60, "the end of the job")


def test_a_backup_from_the_page_and_a_check(site: Filled, tmp_path: Path) -> None:
    with HubProcess(site.instance) as hub:
        before = hub.get("/api/maintenance")
        assert (before["backups"], before["running"], before["last_backup"]) == ([], None, None)
        assert before["schedule"] == {"hours": [], "every_hours": 0, "keep": 7, "next_at": None}
        reply = requests.post(hub.url + "/api/backups", timeout=10)
        assert (reply.status_code, reply.json()["message"]) == (202, "The backup has begun.")
        again = requests.post(hub.url + "/api/verify", timeout=10)
        assert again.status_code == 409 and "running already" in again.json()["message"]
        after = idle(hub)
        assert after["last_backup"]["good"] and after["last_backup"]["trigger"] == "by hand"
        (made,) = after["backups"]
        assert made["error"] == "" and made["notes"] == [] and made["size_bytes"] > 100_000
        assert hub.get("/status")["maintenance"]["backups"] == 1
        path = site.instance / "backups" / made["name"]
        assert requests.post(hub.url + "/api/verify", timeout=10).status_code == 202
        checked = idle(hub)["last_check"]
        assert checked["good"] and [one["kind"] for one in checked["findings"]] == ["good"] * 4
        assert hub.get("/status")["warnings"] == []
    check(path, Pace())
    restore(path, tmp_path / "fresh", Pace())
    with HubProcess(tmp_path / "fresh") as hub:
        assert shown(hub) == site.shown


def test_a_backup_that_is_stopped(site: Filled) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(os.urandom(30_000_000))
    with HubProcess(site.instance, HUB_BACKUP_MB_PER_SECOND="2") as hub:
        assert requests.delete(hub.url + "/api/maintenance/running", timeout=10).status_code == 409
        requests.post(hub.url + "/api/backups", timeout=10)
        running = wait_for(
            lambda: (found := hub.get("/api/maintenance")["running"]) and found["done_bytes"] and found, 30, "progress"
        )
        assert running["action"] == "backup" and running["phase"] == "pictures" and running["total_bytes"] > 30_000_000
        assert requests.delete(hub.url + "/api/maintenance/running", timeout=10).status_code == 200
        ended = idle(hub)["last_backup"]
        assert not ended["good"] and "stopped" in ended["message"]
        assert any("The last backup failed" in text for text in hub.get("/status")["warnings"])
        assert list((site.instance / "backups").iterdir()) == []
        requests.post(hub.url + "/api/backups", timeout=10)
        wait_for(lambda: list((site.instance / "backups").glob("*.part")), 30, "the second backup")
        assert hub.stop() == 0
        assert list((site.instance / "backups").iterdir()) == [], "a hub that ends stops its backup"


def test_a_hub_that_is_killed_ends_its_backup(site: Filled) -> None:
    (site.instance / "pictures" / "000000.pack").write_bytes(os.urandom(30_000_000))
    with HubProcess(site.instance, HUB_BACKUP_MB_PER_SECOND="2") as hub:
        requests.post(hub.url + "/api/backups", timeout=10)
        wait_for(lambda: list((site.instance / "backups").glob("*.part")), 30, "the beginning of the backup")
        hub.kill()
        wait_for(lambda: not list((site.instance / "backups").iterdir()), 20, "the end of its process")


def test_the_schedule_makes_what_was_missed_and_keeps_so_many(site: Filled) -> None:
    folder = site.instance.parent / "elsewhere"
    folder.mkdir()
    for number in range(3):
        old = folder / f"gatehouse-2020010{number + 1}-000000.tar"
        ArchiveWriter(old, Head(1_577_836_800.0 + 86_400 * number, "", 4, ""), Pace()).finish(4)
    environ = {"HUB_BACKUP_HOURS": "0,6,12,18", "HUB_BACKUP_KEEP": "2", "HUB_BACKUP_FOLDER": str(folder)}
    with HubProcess(site.instance, **environ) as hub:
        state = wait_for(lambda: (found := hub.get("/api/maintenance"))["last_backup"] and found, 60, "the backup")
        assert state["last_backup"]["trigger"] == "by schedule" and state["last_backup"]["good"]
        assert state["schedule"]["next_at"] is not None
        idle(hub)
    names = [one.path.name for one in listed(folder)]
    assert len(names) == 2 and names[1] == "gatehouse-20200103-000000.tar"
    assert time.strftime("gatehouse-%Y") in names[0]


def test_a_backup_that_fails_is_a_warning(site: Filled) -> None:
    (site.instance / "backups").write_text("a file in the place of the folder", "utf-8")
    with HubProcess(site.instance) as hub:
        requests.post(hub.url + "/api/backups", timeout=10)
        ended = idle(hub)["last_backup"]
        assert not ended["good"] and "cannot be written" in ended["message"]
        (warning,) = hub.get("/status")["warnings"]
        assert warning == f"The last backup failed: {ended['message']}"
        assert "Traceback" not in hub.text()
