"""`app.py stop` and `agent.py stop`: the real programs end in order, without a signal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.agent import AgentProcess, quick, simulated_devices
from tests.support.helpers import ROOT, HubProcess, free_ports, wait_for
from tools.boot.stop_request import StopRequest

pytestmark = pytest.mark.slow


def stop(script: str, instance: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / script), "stop", "--instance", str(instance)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_hub_ends_when_asked(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    StopRequest(instance, "hub").make()  # left by somebody: it ends nobody who starts later
    with HubProcess(instance, real=True) as hub:
        assert hub.get("/api/test")
        done = stop("app.py", instance)
        assert (done.returncode, done.stdout) == (0, f"The hub on {instance} has ended.\n"), done.stderr
        assert hub.process.wait(5) == 0
    assert "The hub has ended." in (instance / "hub.log").read_text("utf-8")
    assert not (instance / "hub.stop").exists()
    again = stop("app.py", instance)
    assert (again.returncode, again.stdout) == (0, f"No hub runs on {instance}.\n")


def test_the_agent_ends_when_asked(tmp_path: Path) -> None:
    with simulated_devices() as (reader, _):
        station = f'[station]\nkind = "tags"\n[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n'
        flags = (*quick(tmp_path, station), "--hub", f"http://127.0.0.1:{free_ports(1)[0]}")
        with AgentProcess(*flags, output=tmp_path / "out") as agent:
            wait_for(lambda: reader.clients, 30)
            done = stop("agent.py", tmp_path / "agent")
            assert done.returncode == 0, done.stderr
            assert agent.process.wait(5) == 0, agent.text
    assert not (tmp_path / "agent" / "agent.stop").exists()


def test_nothing_is_made_where_nothing_runs(tmp_path: Path) -> None:
    for script in ("app.py", "agent.py"):
        done = stop(script, tmp_path / "none")
        assert done.returncode == 0 and done.stdout.startswith("No "), done.stderr
    assert not (tmp_path / "none").exists()
