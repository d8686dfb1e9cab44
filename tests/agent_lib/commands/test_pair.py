"""`agent.py pair` as people run it, against a real hub; and captures that wait until the agent is let in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from agent_lib.commands.pair import pair
from agent_lib.outbox import Outbox
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.settings.file import load
from agent_lib.uplink import Uplink
from tests.support.agent import fields, result
from tests.support.far import TRUSTING, far_away
from tests.support.helpers import ROOT, HubProcess, wait_for
from tests.support.tls import TlsHub, make_certificate

AGENT = "192.168.9.5"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance", **TRUSTING) as process:
        yield process


def pairings(hub: HubProcess) -> list[dict[str, Any]]:
    return hub.get("/api/access/devices")["pairings"]


def decide(hub: HubProcess, pairing_id: str, decision: str) -> None:
    assert requests.post(f"{hub.url}/api/access/pairings/{pairing_id}/{decision}", timeout=5).ok


@pytest.mark.slow
def test_pair_shows_the_code_and_writes_the_token(hub: HubProcess, tmp_path: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "GATEHOUSE_"))}
    with far_away(hub.port, AGENT) as url:
        command = [sys.executable, "agent.py", "pair", "--hub", url, "--instance", str(tmp_path)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean, text=True
        )
        try:
            [row] = wait_for(lambda: pairings(hub), 20, "the request")
            assert row["kind"] == "station agent" and row["address"] == AGENT and row["name"] == "station-1"
            decide(hub, row["id"], "admit")
            output, _ = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, output
        assert re.search(rf"^Code {row['code']}$", output, re.MULTILINE)
        settings = load({"instance": str(tmp_path)}, {})
        assert settings.hub.token and settings.hub.token not in output and settings.hub.url == url
        own = requests.get(f"{url}/api/access/self", headers=settings.hub.headers, timeout=5)
        assert own.json()["name"] == "station-1"
        check = [sys.executable, "agent.py", "check", "--instance", str(tmp_path)]
        done = subprocess.run(check, cwd=ROOT, capture_output=True, env=clean, text=True, timeout=30)
        assert f"ok     hub: The hub at {url} works." in done.stdout
        stranger = {**clean, "GATEHOUSE_TOKEN": "wrong"}
        done = subprocess.run(check, cwd=ROOT, capture_output=True, env=stranger, text=True, timeout=30)
        assert done.returncode == 1 and f"python agent.py pair --hub {url}" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True], ids=["elsewhere", "in the instance folder"])
def test_pair_with_a_hub_of_its_own_authority(tmp_path: Path, inside: bool) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HUB_", "GATEHOUSE_"))}
    hub = TlsHub(tmp_path / "hub")
    make_certificate(hub.folder)
    instance = tmp_path / "agent"
    instance.mkdir()
    ca = instance / "site.pem" if inside else Path(hub.authority)
    if inside:
        ca.write_bytes(Path(hub.authority).read_bytes())
    command = [sys.executable, "agent.py", "pair", "--hub", hub.url, "--instance", str(instance)]
    with hub, requests.Session() as admin:
        admin.trust_env, admin.verify = False, hub.authority
        done = subprocess.run(command, cwd=ROOT, capture_output=True, env=clean, text=True, timeout=30)
        assert done.returncode == 1 and "--ca FILE" in done.stdout and "Traceback" not in done.stderr
        missing = [*command, "--ca", str(tmp_path / "none.pem")]
        done = subprocess.run(missing, cwd=ROOT, capture_output=True, env=clean, text=True, timeout=30)
        assert done.returncode == 1 and "none.pem (ca under [hub]) cannot be read" in done.stdout
        process = subprocess.Popen([*command, "--ca", str(ca)], cwd=ROOT, stdout=subprocess.PIPE, env=clean, text=True)
        try:
            devices = f"{hub.url}/api/access/devices"
            [row] = wait_for(lambda: admin.get(devices, timeout=5).json()["pairings"], 20, "the request")
            assert admin.post(f"{hub.url}/api/access/pairings/{row['id']}/admit", timeout=5).ok
            output, _ = process.communicate(timeout=20)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 0, output
        kept = "site.pem" if inside else "hub-authority.pem"
        settings = load({"instance": str(instance)}, {})
        assert settings.hub.token and settings.hub.ca == str(instance / kept)
        assert f'ca = "{kept}"' in (instance / "agent.toml").read_text("utf-8")
        check = [sys.executable, "agent.py", "check", "--instance", str(instance)]
        done = subprocess.run(check, cwd=ROOT, capture_output=True, env=clean, text=True, timeout=30)
        assert f"ok     hub: The hub at {hub.url} works." in done.stdout


def test_a_refused_agent_is_told_so(hub: HubProcess, tmp_path: Path) -> None:
    lines: list[str] = []
    status: list[int] = []
    settings = load({"instance": str(tmp_path), "hub": hub.url}, {})
    thread = threading.Thread(target=lambda: status.append(pair(settings, lines.append, 0.02)))
    thread.start()
    [row] = wait_for(lambda: pairings(hub), 10, "the request")
    decide(hub, row["id"], "refuse")
    thread.join(10)
    assert status == [1] and lines[-1] == "The operator has refused this agent."
    assert load({"instance": str(tmp_path)}, {}).hub.token == ""


def test_settings_that_cannot_be_written_are_known_before_anybody_is_asked(hub: HubProcess, tmp_path: Path) -> None:
    lines: list[str] = []
    for name, text in (("a.json", '{"hub": "http://127.0.0.1:1"}'), ("b.toml", 'hub = "http://127.0.0.1:1"')):
        path = tmp_path / name
        path.write_text(text)
        settings = load({"instance": str(tmp_path), "config": str(path), "hub": hub.url}, {})
        assert pair(settings, lines.append, 0.02) == 1
    assert "GATEHOUSE_TOKEN" in lines[0] and "token under [hub]" in lines[1] and pairings(hub) == []


@pytest.mark.parametrize("way", ["token", "admitted"])
def test_captures_wait_until_the_agent_is_let_in(
    hub: HubProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    address = {"token": "192.168.9.6", "admitted": "192.168.9.7"}[way]
    tags = [f"E2{way}{number}" for number in range(3)]
    box = Outbox(tmp_path / "agent", 10**9, 100)
    with far_away(hub.port, address) as url:
        values = {"url": url, "retry_seconds": 0.05, "retry_max_seconds": 0.2, "status_seconds": 0.2}
        status = {"station": "gate", "kind": "weighbridge", "state": "waiting", "cameras": [], "outbox": {}}
        for tag in tags:
            one = result(tag)
            box.put(one, fields(one))
        with running(Uplink(HubSettings(**values), box, lambda: [dict(status)])) as uplink:
            wait_for(lambda: uplink.reason, what="the reason why captures wait")
            assert "401" in uplink.reason
            rows = wait_for(
                lambda: [row for row in hub.get("/api/access/devices")["waiting"] if row["address"] == address],
                what="the agent's waiting",
            )
            assert (box.counts()["waiting"], box.counts()["shelved"]) == (3, 0)
            assert f"python agent.py pair --hub {url}" in caplog.text and "/devices" in caplog.text
            if way == "admitted":
                for row in rows:
                    admit = f"{hub.url}/api/access/devices/{row['id']}/admit"
                    assert requests.post(admit, timeout=5).ok
                wait_for(lambda: uplink.delivered == 3, what="the captures' delivery")
        if way == "token":
            made = requests.post(f"{hub.url}/api/access/tokens", json={"name": "agent"}, timeout=5).json()
            with running(Uplink(HubSettings(**values, token=made["token"]), box)) as uplink:
                wait_for(lambda: uplink.delivered == 3, what="the captures' delivery")
    box.close()
    stored = [row["tag"] for row in hub.captures()]
    assert set(tags) <= set(stored)


class running:
    """An uplink that runs."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink, self._supervisor = uplink, Supervisor()

    def __enter__(self) -> Uplink:
        self._uplink.start(self._supervisor)
        return self._uplink

    def __exit__(self, *_: object) -> None:
        self._uplink.stop()
        assert self._supervisor.stop(10) == []
        self._uplink.close()
