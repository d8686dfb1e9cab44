"""`agent.py check` as people run it: what can be reached and what cannot, each with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent import AgentProcess, quick, simulated_devices
from tests.support.devices import http_camera, reply
from tests.support.helpers import HubProcess, free_ports


@pytest.mark.slow
def test_check_of_what_works(hub: HubProcess, tmp_path: Path) -> None:
    with simulated_devices() as (reader, camera):
        flags = quick(
            tmp_path,
            f'[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n[camera]\nurl = '
            f'"{camera.url}"\n[secondary_camera]\nurl = "{camera.url}"\n',
        )
        reader.show([("LEN", bytes.fromhex("E2D30001"))])
        with AgentProcess("check", *flags, "--hub", hub.url, output=tmp_path / "out") as agent:
            assert agent.process.wait(30) == 0, agent.text
    lines = agent.text.splitlines()
    assert [line.partition(":")[0] for line in lines[1:5]] == [
        "ok     hub",
        "ok     reader",
        "ok     camera",
        "ok     secondary camera",
    ]
    assert "E2D30001" in lines[2] and "320 x 240" in lines[3] and lines[8:] == ["Everything works."]
    assert [line.partition(":")[0] for line in lines[5:8]] == ["ok     disk", "ok     outbox", "ok     clock"]
    assert "MB are free" in lines[5] and "No results wait" in lines[6] and lines[7].endswith(", as at the hub.")


@pytest.mark.slow
def test_check_of_what_does_not(tmp_path: Path) -> None:
    closed, other = free_ports(2)
    with http_camera(lambda handler: reply(handler, b"<html>Log in</html>", "text/html")) as page:
        text = (
            f'[rfid]\nhost = "127.0.0.1"\nport = {closed}\n[camera]\nurl = '
            f'"{page}/video"\n[secondary_camera]\nurl = "rtsp://user:geheim@127.0.0.1:{other}/live"\n'
        )
        with AgentProcess("check", *quick(tmp_path, text), "--hub", page, output=tmp_path / "out") as agent:
            assert agent.process.wait(40) == 1, agent.text
    lines = agent.text.splitlines()
    assert [line.partition(":")[0] for line in lines[1:5]] == [
        "FAILED hub",
        "FAILED reader",
        "FAILED camera",
        "FAILED secondary camera",
    ]
    assert (
        "is not a hub" in lines[1] and "python app.py" in lines[1] and "refused" in lines[2] and "text/html" in lines[3]
    )
    assert "geheim" not in agent.text and lines[8:] == ["Not everything works; see above."]


@pytest.mark.slow
def test_check_without_a_station_tries_the_hub(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    with AgentProcess("check", *quick(tmp_path), "--hub", nobody, output=tmp_path / "out") as agent:
        assert agent.process.wait(30) == 1
    assert (
        "this is the simulated gate" in agent.text and f"No hub answers at {nobody} (connection refused)" in agent.text
    )
