"""Vehicle presence of a real hub with the built-in detector, on drawn pictures of a gate."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import requests

from tests.support import people
from tests.support.helpers import HubProcess, wait_for
from tests.support.trocr import gone
from tests.support.vehicle_pictures import car, gate, jpeg

pytestmark = pytest.mark.slow

TOML = """
[[vehicles]]
camera = "gate-1"
per_second = 20
leave_seconds = 0.2
"""


def post(hub: HubProcess, picture: bytes) -> dict:
    """Post a picture and wait until it was examined; the camera's row then."""
    before = hub.get("/api/presence/gate-1")["presence"]["examined"]
    answer = requests.post(f"{hub.url}/api/cameras/gate-1/frame", data=picture, timeout=10)
    assert answer.status_code == 200, answer.text
    return wait_for(
        lambda: row if (row := hub.get("/api/presence/gate-1")["presence"])["examined"] > before else None,
        30,
        "the examination of the picture",
    )


def test_a_drawn_car_arrives_stands_and_leaves(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    hub.instance.mkdir()
    (hub.instance / "hub.toml").write_text(TOML, "utf-8")
    empty, person = jpeg(gate()), people.jpeg(people.frame([people.RED]))
    with hub:
        for picture in (empty, person, empty, person):
            assert not post(hub, picture)["present"]
        assert post(hub, empty)["present"] is False
        rows = [post(hub, jpeg(car(x))) for x in (60, 100, 140, 150, 150)]
        assert [row["present"] for row in rows] == [False, False, True, True, True]
        row = rows[-1]
        assert row["kind"] in ("car", "vehicle") and row["confidence"] > 0.5 and row["error"] == ""
        assert row["box"] == pytest.approx([150, 276, 490, 403], abs=25)
        wait_for(lambda: post(hub, empty)["present"] is False, what="the departure")
        left, arrived = hub.get("/api/presence")["events"]
        assert (left["change"], left["reason"], left["stay"]) == ("left", "not seen", arrived["stay"])
        assert arrived["arrival_seen"] is True and arrived["since"] == rows[0]["picture_at"]
        assert left["last_seen"] == row["picture_at"]
        pid = hub.get("/status")["presence"]["vision"]["pid"]
        assert psutil.Process(pid).memory_info().rss < 250e6
        assert hub.stop() == 0 and gone(pid)
        assert "Traceback" not in hub.text()
