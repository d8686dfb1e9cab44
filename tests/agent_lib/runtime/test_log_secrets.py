"""No token and no password of a camera is in the agent's log, at level DEBUG either."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.support.agent import AgentProcess, quick, simulated_devices
from tests.support.helpers import HubProcess, free_ports, wait_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("known", [True, False])
def test_no_secret_is_in_the_log(tmp_path: Path, known: bool) -> None:
    password, code, other = (secrets.token_hex(12) for _ in range(3))
    with (
        simulated_devices() as (reader, camera),
        HubProcess(tmp_path / "instance", HUB_ACCESS_LOCAL_ADMIN="false", HUB_LOG_LEVEL="DEBUG") as hub,
    ):
        token = (hub.instance / "device_token.txt").read_text("utf-8").strip() if known else secrets.token_urlsafe(24)
        with_password = camera.url.replace("http://", f"http://operator:{password}@")
        closed = free_ports(1)[0]
        text = (
            f'video_fps = 5\ntoken = "{token}"\n[log]\nlevel = "DEBUG"\n[rfid]\nhost = "127.0.0.1"\n'
            f'port = {reader.address[1]}\n[camera]\nurl = "{with_password}?code={code}"\n'
            f'[secondary_camera]\nurl = "rtsp://operator:{other}@127.0.0.1:{closed}/live"\n'
        )
        with AgentProcess(*quick(tmp_path, text), "--hub", hub.url, output=tmp_path / "out") as agent:
            reader.show([("LEN", bytes.fromhex("E2D30001"))])
            # The hub takes records of its own machine with a token that it does not know, too.
            wait_for(lambda: "delivered over" in agent.text, 60, "a delivered capture")
            agent.end()
        logs = agent.text + (tmp_path / "agent" / "agent.log").read_text("utf-8")
        logs += hub.text() + (hub.instance / "hub.log").read_text("utf-8")
    assert "DEBUG" in logs
    found = [name for name, secret in (("camera", password), ("query", code), ("rtsp", other)) if secret in logs]
    assert found == []
    assert logs.count(token) == known, "the hub's first start shows the token of devices once"
