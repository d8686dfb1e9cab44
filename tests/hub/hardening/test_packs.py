"""Damaged files of an instance folder: what can be read is read, the rest is counted and named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess
from tests.support.lpr import PICTURE, PICTURE_TEXT, g4

pytestmark = pytest.mark.slow


def post(hub: HubProcess, **fields: Any) -> str:
    """Store a record; the address of its picture."""
    reply = requests.post(hub.url + "/api/detection", json=g4(original_image=PICTURE_TEXT, **fields), timeout=10)
    assert reply.status_code == 200, reply.text
    return str(hub.get("/api/records", limit=1)["records"][0]["original_image"])


def test_a_pack_that_is_cut_or_removed_while_the_hub_runs(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        pack = hub.instance / "pictures" / "000001.pack"
        first = post(hub)
        os.truncate(pack, 10)
        second = post(hub)
        (hub.instance / "pictures" / "000002.pack").unlink()
        third = post(hub)
        assert [requests.get(url, timeout=10).status_code for url in (first, second, third)] == [404, 404, 200]
        assert requests.get(third, timeout=10).content == PICTURE
        status = hub.get("/status")
        assert status["packs"]["lost_pictures"] == 2
        assert status["packs"]["replaced"] == ["000001.pack", "000002.pack"]
        changed, damaged = status["warnings"]
        assert "000001.pack, 000002.pack" in changed and "2 pictures of stored records are lost" in changed
        assert "000001.pack" in damaged and "1 pictures could not be shown" in damaged
        log = (hub.instance / "hub.log").read_text("utf-8")
        assert "000001.pack was cut while the hub runs" in log and "000002.pack was removed" in log
        assert "Traceback" not in log


def test_a_damaged_page_of_the_database(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    with hub:
        for number in range(20):
            post(hub, aicamera_id=str(number), note=f"page {number} " * 300)
    database = hub.instance / "hub.db"
    content = bytearray(database.read_bytes())
    place = content.index(b"page 10 page 10") // 4096 * 4096
    with hub:
        with database.open("r+b") as file:
            file.seek(place)
            file.write(b"\xee" * 4096)
        answer = requests.get(hub.url + "/api/records", params={"limit": 50}, timeout=10)
        assert answer.status_code == 503 and "Retry-After" not in answer.headers
        assert "hub.db cannot be read" in answer.json()["message"] and "backup" in answer.json()["message"]
        assert len(hub.get("/api/records", limit=5)["records"]) == 5, "what lies elsewhere is read"
        status = hub.get("/status")
        assert status["database"]["corrupt_reads"] == 1
        (warning,) = status["warnings"]
        assert str(database.resolve()) in warning and "1 requests" in warning
        assert requests.get(post(hub, aicamera_id="later"), timeout=10).content == PICTURE
        log = (hub.instance / "hub.log").read_text("utf-8")
        assert "hub.db cannot be read" in log and "Traceback" not in log
    with hub:  # now the file is checked, moved aside and replaced by what can be read of it
        cameras = {row["camera_id"] for row in hub.get("/api/records", limit=50)["records"]}
        assert "later" in cameras and 15 <= len(cameras) < 21
        (warning,) = hub.get("/status")["warnings"]
        assert "The database was damaged" in warning and "Rows were lost in lpr_records (at most " in warning
        assert len(list(hub.instance.glob("hub.db.damaged-*"))) == 1
        assert requests.get(post(hub, aicamera_id="much later"), timeout=10).content == PICTURE
