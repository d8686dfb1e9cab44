"""The doctor beside a hub that runs, was killed, does not answer or cannot store, and beside owners of its ports."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.helpers import HubProcess, capture_result, run_app, wait_for
from tests.support.uplink import full_disk

pytestmark = pytest.mark.slow


def doctor(hub: HubProcess) -> tuple[int, dict[str, list[str]]]:
    """The exit status, and "LEVEL sentence" of each finding by its check."""
    environ = {name: value for name, value in hub.environ.items() if name.startswith("HUB_")}
    done = run_app("doctor", "--json", "--instance", hub.instance, "--port", hub.port, **environ)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.stderr == "", done.stderr
    rows: dict[str, list[str]] = {}
    for row in found["checks"]:
        rows.setdefault(row["check"], []).append(f"{row['level']} {row['message']}")
    return done.returncode, rows


def test_beside_a_hub_that_runs_and_after_it_was_killed(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        for number in range(5):
            requests.post(f"{hub.url}/api/captures", json=capture_result(event_id=str(number)), timeout=10)
        status, rows = doctor(hub)
        assert status == 0, rows
        assert rows["hub"] == [f"OK The hub (process {hub.process.pid}) is ready at {hub.url}."]
        assert rows["ports"][0].startswith(f"OK Open: main {hub.port}, ") and len(rows["ports"]) == 1
        assert rows["database"][0].startswith("OK hub.db is undamaged") and "the hub has" in rows["memory"][0]
        hub.kill()
        status, rows = doctor(hub)
        assert status == 0 and rows["hub"][0].startswith("OK No hub runs on ") and "OK Free: " in rows["ports"][0]
        assert rows["database"][0].startswith("OK hub.db is undamaged"), "what is in the WAL is read, too"
        hub.start()
        assert len(hub.captures()) == 5


def test_a_hub_over_tls(tmp_path: Path) -> None:
    made = run_app("make-cert", "--instance", tmp_path / "instance")
    assert made.returncode == 0
    environ = {"HUB_TLS_CERT": "tls/server.pem", "HUB_TLS_KEY": "tls/server-key.pem"}
    with HubProcess(tmp_path / "instance", **environ) as hub:
        status, rows = doctor(hub)
        assert status == 0 and rows["hub"][0].endswith(f"is ready at https://127.0.0.1:{hub.port}.")
        assert "is valid until" in rows["certificate"][0] and rows["secrets"][0].startswith("OK ")


def test_a_hub_that_cannot_store(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub, full_disk(hub.process.pid):
        requests.post(f"{hub.url}/api/captures", json=capture_result(), timeout=10)
        wait_for(lambda: requests.get(f"{hub.url}/readyz", timeout=10).status_code == 503)
        status, rows = doctor(hub)
        assert status == 1 and rows["hub"][0].startswith(f"FAIL The hub (process {hub.process.pid}) is not ready: ")
        assert "The hub cannot store" in rows["hub"][0]


def test_a_hub_that_does_not_answer(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        os.kill(hub.process.pid, signal.SIGSTOP)
        try:
            status, rows = doctor(hub)
        finally:
            os.kill(hub.process.pid, signal.SIGCONT)
        assert status == 1 and "does not answer at" in rows["hub"][0] and rows["database"][0].startswith("OK ")


def test_ports_that_another_program_has(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    with socket.create_server(("0.0.0.0", hub.side["lpr"])):
        with socket.create_server(("0.0.0.0", hub.port)):
            status, rows = doctor(hub)
            assert status == 1 and f"FAIL Port {hub.port} is taken by " in rows["ports"][0]
            assert f"(process {os.getpid()})" in rows["ports"][0]
        status, rows = doctor(hub)
        assert status == 0 and rows["ports"][0].startswith(f"WARN Port {hub.side['lpr']} is taken by ")
        assert "set lpr.port in hub.toml" in rows["ports"][0]
        with hub:
            status, rows = doctor(hub)
            assert status == 0, "the hub serves what is open"
            assert f"without its port lpr {hub.side['lpr']}; it is held by " in rows["ports"][0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("0.0.0.0", hub.side["apriltag_udp"]))
        _, rows = doctor(hub)
        assert "set apriltag.udp_port in hub.toml" in rows["ports"][0]
