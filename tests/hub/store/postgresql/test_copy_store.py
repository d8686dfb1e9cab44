"""`python app.py copy-store`: everything that SQLite has is in PostgreSQL, pictures under their names."""

from __future__ import annotations

import base64
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.support import stores
from tests.support.helpers import ROOT, HubProcess, capture_result, jpeg
from tests.support.lpr import g4, post, records

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)
PICTURE = jpeg(200, 150)


def _copy(instance: Path, url: str) -> tuple[int, str]:
    command = [sys.executable, str(ROOT / "app.py"), "copy-store", "--instance", str(instance), "--to", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def _send(hub: HubProcess, number: int) -> None:
    text = base64.b64encode(PICTURE + str(number).encode()).decode()
    assert post(hub, "/api/statistics", g4(event_id=f"e-{number}", original_image=text)).status_code == 200


@pytest.mark.slow
def test_a_hub_moves_from_sqlite_to_postgresql_and_goes_on(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        for number in range(3):
            _send(hub, number)
        shown = {"primary_image": base64.b64encode(PICTURE).decode()}
        assert requests.post(hub.url + "/api/captures", json=capture_result(**shown), timeout=10).status_code == 201
        with stores.using("postgresql"):
            url = stores.environ(tmp_path)["HUB_STORE_URL"]
            status, text = _copy(hub.instance, url)  # while the hub runs
            assert status == 0, text
            _send(hub, 3)
            before = records(hub, limit=10)["records"]
            captures = hub.captures()
            hub.stop()
            with closing(sqlite3.connect(hub.instance / "hub.db")) as database:  # changed since, and deleted
                database.execute("UPDATE lpr_records SET protected = 1 WHERE seq = 1")
                database.commit()
            status, text = _copy(hub.instance, url)
            assert status == 0 and "DIFFERENT" not in text, text
            assert "Everything is in postgresql://" in text

            hub.environ["HUB_STORE_URL"] = url
            hub.start()
            after = records(hub, limit=10)["records"]
            assert [row["detection_id"] for row in after] == [row["detection_id"] for row in before]
            assert [row["id"] for row in hub.captures()] == [row["id"] for row in captures]
            for number, row in enumerate(after):
                assert requests.get(row["original_image"], timeout=10).content == PICTURE + str(number).encode()
            assert requests.get(hub.captures()[0]["primary_image_url"], timeout=10).content == PICTURE
            assert records(hub, plate=f"*{after[0]['plates'][0]['plate'][1:5]}*")["total_count"] == 4
            _send(hub, 4)
            _send(hub, 3)
            assert records(hub, limit=10)["total_count"] == 5
            status, text = _copy(hub.instance, url)
            assert status == 1 and "has records of its own" in text
