"""The agent as people run it: real processes, a real hub, the simulated gate, readers and cameras over sockets."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from agent_lib.commands.simulate import stand_seconds
from agent_lib.outbox import Outbox
from agent_lib.settings import CaptureSettings
from agent_lib.simulator.scene import Scene
from tests.support.agent import ROOT, AgentProcess, fields, quick, result, simulated_devices
from tests.support.helpers import HubProcess, free_ports, wait_for


def vehicles(tmp_path: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (tmp_path / "agent" / "simulated_vehicles.jsonl").read_text("utf-8").splitlines()
    ]


def waiting(tmp_path: Path) -> int:
    """Results in the agent's outbox, seen from outside."""
    path = tmp_path / "agent" / "outbox.db"
    if not path.exists():
        return 0
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute("SELECT count(*) FROM results").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        db.close()


@pytest.mark.slow
def test_the_simulated_gate_from_vehicle_to_hub(hub: HubProcess, tmp_path: Path) -> None:
    with AgentProcess(
        *quick(tmp_path), "--hub", hub.url, "--captures", "4", output=tmp_path / "out", AGENT_SIMULATE_PAUSE="0"
    ) as agent:
        wait_for(lambda: waiting(tmp_path) or "delivered" in agent.text, 40)
        memory = psutil.Process(agent.process.pid).memory_info().rss
        assert agent.process.wait(60) == 0, agent.text
    assert (
        "this is the simulated gate" in agent.text
        and f"under [rfid]  in {tmp_path / 'agent' / 'agent.toml'}" in agent.text
    )
    assert memory < 300_000_000
    seen = vehicles(tmp_path)[:4]
    rows = {row["tag"]: row for row in hub.get("/api/captures", limit=1000)["captures"]}
    assert [rows[vehicle["tag"]]["number"] for vehicle in seen] == [vehicle["number"] for vehicle in seen]
    assert sum(not vehicle["number"] for vehicle in seen) == 1
    for vehicle in seen:
        row = rows[vehicle["tag"]]
        assert row["success"] == bool(vehicle["number"]) and row["tags"][0] == vehicle["tag"]
        assert (
            row["errors"] == [] if row["success"] else row["errors"][0] == row["message"] == "Max attempts reached (4)"
        )
        assert row["started_ts"] >= vehicle["at"]
        for role in ("primary", "secondary", "label") if row["success"] else ("primary", "secondary"):
            assert requests.get(row[f"{role}_image_url"], timeout=5).content[:2] == b"\xff\xd8"
    plates = hub.get("/api/records", camera_id="simulated-plates", limit=4)["records"]
    assert [row["plates"][0]["text"] for row in plates] == [Scene(1, index, None).plate for index in range(4)]
    assert (tmp_path / "agent" / "agent.log").read_text("utf-8").count("delivered over socketio") == 4
    assert "Traceback" not in agent.text and "Connection lost" not in agent.text


@pytest.mark.slow
def test_what_an_earlier_run_left_is_delivered_too(hub: HubProcess, tmp_path: Path) -> None:
    flags = (*quick(tmp_path), "--simulate", "--captures", "1")
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with AgentProcess(*flags, "--hub", nowhere, output=tmp_path / "out1") as agent:
        wait_for(lambda: waiting(tmp_path) == 1, 40)
        wait_for(lambda: "1 of 1 captures begun, 1 results wait for the hub (it cannot be reached: " in agent.text)
        assert agent.end() == 0, agent.text
    with AgentProcess(*flags, "--hub", hub.url, output=tmp_path / "out2") as agent:
        assert agent.process.wait(60) == 0, agent.text
    assert "1 results of an earlier run wait" in agent.text and waiting(tmp_path) == 0
    seen = vehicles(tmp_path)
    assert len({vehicle["tag"] for vehicle in seen}) == len(seen), "a restart goes on with new tags"
    stored = {row["tag"] for row in hub.get("/api/captures", limit=1000)["captures"]}
    assert {seen[0]["tag"], seen[1]["tag"]} <= stored


@pytest.mark.slow
def test_real_devices_by_a_json_file_of_the_original(hub: HubProcess, tmp_path: Path) -> None:
    with simulated_devices() as (reader, camera), simulated_devices() as (tags, _):
        config = tmp_path / "config.json"
        config.write_text(
            json.dumps(
                {
                    "camera": {"url": camera.url, "colour": "grey"},
                    "secondary_camera": {"rtsp_url": camera.url},
                    "hub": hub.url,
                    "capture": {"retry_interval_seconds": 0.05, "max_attempts": 2},
                    "stations": [
                        {"name": "bridge", "rfid": {"host": "127.0.0.1", "port": reader.address[1]}},
                        {"name": "door", "kind": "tags-only", "rfid": {"host": "127.0.0.1", "port": tags.address[1]}},
                    ],
                }
            ),
            "utf-8",
        )
        with AgentProcess(
            "--config", str(config), "--instance", str(tmp_path / "agent"), "--captures", "2", output=tmp_path / "out"
        ) as agent:
            wait_for(lambda: reader.clients and tags.clients and camera.viewers == 2, 30)
            reader.show([("LEN", bytes.fromhex("E2D00001")), ("A0_89", bytes.fromhex("E2D00002"))])
            tags.show([("SHORT8", b"\xd0\x03")])
            assert agent.process.wait(40) == 0, agent.text
    assert "camera.colour: this agent has no such setting" in agent.text and "simulated" not in agent.text
    rows = {
        row["station"]: row
        for row in hub.get("/api/captures", limit=1000)["captures"]
        if row["station"] in ("bridge", "door")
    }
    bridge, door = rows["bridge"], rows["door"]
    assert (bridge["tag"], sorted(bridge["tags"]), bridge["tag_source"]) == (
        "E2D00001",
        ["E2D00001", "E2D00002"],
        "LEN",
    )
    assert bridge["errors"] == [
        "Max attempts reached (2)",
        "Label detection failed: No label found (attempt 1)",
        "Label detection failed: No label found (attempt 2)",
    ]
    assert bridge["primary_image_url"] and bridge["secondary_image_url"] and not bridge["label_image_url"]
    assert (door["tag"], door["message"], door["success"], door["number"], door["primary_image_url"]) == (
        "D003",
        "Tag read",
        True,
        "",
        "",
    )


@pytest.mark.slow
def test_websocket_url_sends_the_originals_way(hub: HubProcess, tmp_path: Path) -> None:
    with simulated_devices() as (reader, _):
        flags = quick(
            tmp_path,
            f'[station]\nname = "raw"\nkind = "tags"\n[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n',
        )
        with AgentProcess(
            *flags, "--captures", "1", output=tmp_path / "out", WEBSOCKET_URL=f"ws://127.0.0.1:{hub.side['results']}"
        ) as agent:
            wait_for(lambda: reader.clients, 30)
            reader.show([("SHORT14", bytes.fromhex("E2D1000000000001"))])
            assert agent.process.wait(40) == 0, agent.text
    assert [row["station"] for row in hub.get("/api/captures", tag="E2D1000000000001")["captures"]] == ["raw"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_ends_it_in_order_and_keeps_the_capture(tmp_path: Path, how: int) -> None:
    with simulated_devices() as (reader, camera):
        devices_text = f'[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n[camera]\nurl = "{camera.url}"\n'
        flags = quick(tmp_path, devices_text.replace("[capture]", ""))
        text = (tmp_path / "agent" / "agent.toml").read_text("utf-8").replace("max_attempts = 4", "max_attempts = 1000")
        (tmp_path / "agent" / "agent.toml").write_text(text, "utf-8")
        with AgentProcess(*flags, "--hub", f"http://127.0.0.1:{free_ports(1)[0]}", output=tmp_path / "out") as agent:
            wait_for(lambda: reader.clients and camera.viewers, 30)
            reader.show([("SHORT14", bytes.fromhex("E2D2000000000001"))])
            wait_for(lambda: "PP-OCR" in agent.text, 30)
            assert agent.end(how) == 0, agent.text
    assert "Traceback" not in agent.text
    box = Outbox(tmp_path / "agent", 10**9, 10)
    kept = box.next()
    box.close()
    assert kept.fields["tag"] == "E2D2000000000001" and kept.fields["message"].startswith("The agent was stopped after")


@pytest.mark.slow
def test_a_second_agent_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with simulated_devices() as (reader, _):
        flags = (
            *quick(tmp_path, f'[station]\nkind = "tags"\n[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n'),
            "--hub",
            "http://127.0.0.1:9",
        )
        with AgentProcess(*flags, output=tmp_path / "out1") as first:
            wait_for(lambda: reader.clients, 30)
            with AgentProcess(*flags, output=tmp_path / "out2") as second:
                assert second.process.wait(30) == 1
            assert f"An agent already runs on {tmp_path / 'agent'} (process {first.process.pid})" in second.text
            assert first.process.poll() is None
            first.process.kill()
            first.process.wait(10)
        with AgentProcess(*flags, output=tmp_path / "out3") as third:
            wait_for(lambda: "Connected to RFID reader" in third.text, 30)
            third.end()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--config", "none.toml"), "there is no such file"),
        (("--hub", "ws://127.0.0.1:2020"), "--hub: hub.url: is a WebSocket address"),
        (("--captures", "0"), "must be a whole number from 1 on"),
        (("--seed", "-1"), "--seed: seed"),
        (("fly",), "invalid choice"),
    ],
)
def test_wrong_flags_are_one_sentence_and_status_2(tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    with AgentProcess("--instance", str(tmp_path / "agent"), *flags, output=tmp_path / "out") as agent:
        assert agent.process.wait(20) == 2
    assert words in agent.text and "Traceback" not in agent.text


@pytest.mark.slow
def test_a_bad_settings_file_is_named_with_status_2(tmp_path: Path) -> None:
    flags = quick(tmp_path, "[rfid]\nprot = 6000\n")
    with AgentProcess(*flags, output=tmp_path / "out") as agent:
        assert agent.process.wait(20) == 2
    assert (
        agent.text
        == f"{tmp_path / 'agent' / 'agent.toml'}: rfid.prot: there is no such setting; remove the line or correct "
        "its name.\n"
    )


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from agent_lib.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'cv2', 'numpy', 'pydantic', 'socketio', 'requests', 'gevent', 'hub'} & set(sys.modules); "
        "print('HEAVY', heavy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert "--captures" in done.stdout and "HEAVY set()" in done.stdout


@pytest.mark.slow
def test_the_agent_is_plain_threads_and_knows_no_hub() -> None:
    code = (
        "import sys, importlib, pathlib\nfor path in pathlib.Path('agent_lib').rglob('*.py'):\n    "
        "importlib.import_module('.'.join(path.with_suffix('').parts))\n"
        "print('BAD', sorted(name for name in sys.modules if name.split('.')[0] in ('gevent', 'hub', 'torch', "
        "'transformers')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "BAD []" in done.stdout


@pytest.mark.slow
def test_the_shelf_is_told_at_the_start(tmp_path: Path) -> None:
    flags = quick(tmp_path, '[station]\nkind = "tags"\n[rfid]\nhost = "127.0.0.1"\nport = 9\n')
    box = Outbox(tmp_path / "agent", 10**9, 10)
    one = result("E2D4")
    box.put(one, fields(one))
    box.shelve(box.next(), "No such station")
    box.close()
    with AgentProcess(*flags, "--hub", "http://127.0.0.1:9", output=tmp_path / "out") as agent:
        wait_for(
            lambda: (
                "1 results that the hub refused lie on the shelf; the newest, of tag E2D4: No such station."
                in agent.text
            ),
            30,
        )
        assert agent.end() == 0


def test_a_simulated_vehicle_stands_longer_than_a_failing_capture() -> None:
    for capture in (
        CaptureSettings(),
        CaptureSettings(max_attempts=100, timeout_seconds=5),
        CaptureSettings(max_attempts=1, retry_interval_seconds=0),
    ):
        longest = min(capture.timeout_seconds, (capture.max_attempts - 1) * capture.retry_interval_seconds)
        assert stand_seconds(capture) > longest + 0.4
    assert stand_seconds(CaptureSettings()) + 2 + 1 < 10, "at least one vehicle every 10 s"
