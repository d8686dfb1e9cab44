"""What runs at one hub at a time, with real hubs on one PostgreSQL database."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
import requests

from tests.support import stores
from tests.support.helpers import HubProcess, run_app, wait_for
from tests.support.lpr import g4
from tests.support.shared_database import hubs, leader
from tests.support.shared_secrets import share_secrets

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)
MOVES_SECONDS = 10.0


def _moves(hub: HubProcess, since: float) -> float:
    """How long after a moment (monotonic) this hub leads."""
    wait_for(lambda: leader(hub)["leads"], 30, "the hub's leading")
    return time.monotonic() - since


def test_the_lead_moves_within_ten_seconds_when_its_hub_dies_or_hangs(tmp_path: Path) -> None:
    with hubs(tmp_path) as (first, second):
        assert leader(first)["leads"]
        wait_for(lambda: leader(second)["leader"] == leader(first)["hub"], 15, "the name of the leader")
        assert not leader(second)["leads"]

        first.kill()
        assert _moves(second, time.monotonic()) < MOVES_SECONDS

        first.start()
        assert not leader(first)["leads"]
        second.process.send_signal(signal.SIGSTOP)
        try:
            assert _moves(first, time.monotonic()) < MOVES_SECONDS
        finally:
            second.process.send_signal(signal.SIGCONT)
        wait_for(lambda: not leader(second)["leads"], 15, "the end of the lead of a hub that hung")

        began = time.monotonic()
        assert first.stop() == 0
        assert _moves(second, began) < MOVES_SECONDS


def test_retention_runs_at_the_hub_that_leads(tmp_path: Path) -> None:
    with hubs(tmp_path, HUB_RETENTION_DETECTION_DAYS="1") as (first, second):
        sent = requests.post(f"{second.url}/api/statistics", json=g4(event_id="old"), timeout=10)
        assert sent.status_code == 200, sent.text
        old = time.time() - 3 * 86400
        stores.server(f"UPDATE lpr_records SET received_at = {old}", stores.database(first.instance))
        wait_for(lambda: first.get("/status")["retention"]["deleted"].get("detections"), 60, "the deletion")
        assert second.get("/status")["retention"]["deleted"] == {}
        first.kill()
        wait_for(lambda: leader(second)["leads"], 30, "the hub's leading")


def test_what_connections_lose_is_led_again(tmp_path: Path) -> None:
    with hubs(tmp_path) as (first, second):
        database = stores.database(first.instance)
        for _ in range(3):
            stores.server(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                f"datname = '{database}' AND pid <> pg_backend_pid()"
            )
            wait_for(lambda: leader(first)["leads"] != leader(second)["leads"], 20, "one hub's leading")


def test_a_hub_with_other_secrets_does_not_start_beside_another(tmp_path: Path) -> None:
    with hubs(tmp_path, count=1) as (first,):
        share_secrets(tmp_path, tmp_path / "other")
        (tmp_path / "other" / "device_token.txt").write_text("f" * 64)
        url = first.environ["HUB_STORE_URL"]
        ended = run_app("--instance", tmp_path / "other", "--port", "0", HUB_STORE_URL=url, **first_ports(first))
        assert ended.returncode == 1
        assert "has other secrets (device_token.txt). Copy these files" in ended.stderr


def first_ports(hub: HubProcess) -> dict[str, str]:
    """No side ports: those of another hub are taken."""
    return {name: "0" for name in hub.environ if name.startswith("HUB_") and name.endswith("_PORT")}
