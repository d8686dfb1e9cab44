"""The commands as they are on Windows, as far as they run on any system: what --print shows, and who is refused."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest

from tools.boot.commands import install_on_windows, remove_on_windows
from tools.boot.firewall import ANSWER_FILE, Ports
from tools.boot.program import BootError, Program

PORTS = Ports((5000,), (5200,))


def options(**fields: object) -> argparse.Namespace:
    return argparse.Namespace(**{"show": True, "firewall": "ask", "name": None, **fields})


def program(tmp_path: Path) -> Program:
    return Program("hub", "app.py", tmp_path / "instance", "gate-7")


def is_running() -> bool:
    raise AssertionError("nothing is looked at")


def commands(text: str) -> list[str]:
    return [" ".join(line.split()[1:3]) for line in text.splitlines() if line.startswith("> ")]


def test_what_an_installation_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install_on_windows(program(tmp_path), options(), PORTS) == 0
    shown = capsys.readouterr().out
    assert commands(shown) == ["schtasks /Create", "schtasks /Run", *["netsh advfirewall"] * 4]
    assert "<LogonType>S4U</LogonType>" in shown and f"{tmp_path / 'instance'}" in shown
    assert install_on_windows(program(tmp_path), options(firewall="no"), PORTS) == 0
    assert "netsh" not in capsys.readouterr().out
    assert install_on_windows(program(tmp_path), options(), None) == 0, "the agent has no ports"
    assert "netsh" not in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_a_removal_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert remove_on_windows("gate-7", "hub", tmp_path, options(), is_running, True) == 0
    shown = capsys.readouterr().out
    assert commands(shown) == ["schtasks /Change", "schtasks /End", "schtasks /Delete", *["netsh advfirewall"] * 2]
    assert remove_on_windows("gate-7", "agent", tmp_path, options(), is_running, False) == 0
    assert commands(capsys.readouterr().out) == ["schtasks /Change", "schtasks /End", "schtasks /Delete"]
    assert "/DISABLE" in shown.splitlines()[0], "else it would be started again before it is deleted"


@pytest.mark.skipif(os.name == "nt", reason="an administrator may")
def test_without_rights_nothing_is_changed_and_nobody_is_asked(tmp_path: Path) -> None:
    answer = tmp_path / "instance" / ANSWER_FILE
    answer.parent.mkdir()
    answer.write_text(json.dumps({"allowed": True, "ports": PORTS.as_json()}), "utf-8")
    with pytest.raises(BootError, match="administrator's window"):
        install_on_windows(program(tmp_path), options(show=False), PORTS)
    with pytest.raises(BootError, match="administrator's window"):
        remove_on_windows("gate-7", "hub", answer.parent, options(show=False), is_running, True)
    assert answer.exists()
