"""Units of systemd: what they say, that systemd accepts it, and where they are written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.helpers import ROOT
from tools.boot.program import BootError, Program
from tools.boot.systemd import MARK, Place, install_steps, remove_steps, unit

pytestmark = pytest.mark.skipif(os.name == "nt", reason="systemd is Linux's")
needs_systemctl = pytest.mark.skipif(not shutil.which("systemctl"), reason="sudo apt install systemd")


def program(tmp_path: Path, **more: object) -> Program:
    fields = {"kind": "hub", "script": "app.py", "instance": tmp_path / "instance", "name": "gatehouse-hub"}
    return Program(**{**fields, **more})


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="sudo apt install systemd")
@pytest.mark.parametrize("user", ["", "root"])
@pytest.mark.parametrize("kind, script", [("hub", "app.py"), ("agent", "agent.py")])
def test_systemd_accepts_the_unit(tmp_path: Path, kind: str, script: str, user: str) -> None:
    instance = tmp_path / 'a "b" \\ %n $HOME ${X} é'
    one = program(tmp_path, kind=kind, script=script, instance=instance, name="gh", tells_when_ready=kind == "hub")
    file = tmp_path / "gh.service"
    file.write_text(unit(one, Place(tmp_path, user)), "utf-8")
    scope = ["--system"] if user else ["--user"]
    done = subprocess.run(
        ["systemd-analyze", "verify", *scope, "--man=no", str(file)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "gh.service" in line]) == (0, [])


def test_the_unit_restarts_for_ever_and_takes_no_device_away(tmp_path: Path) -> None:
    lines = unit(program(tmp_path), Place(tmp_path, "gate")).splitlines()
    assert {"Restart=on-failure", "StartLimitIntervalSec=0", "User=gate", "WantedBy=multi-user.target"} <= set(lines)
    forbidden = ("PrivateDevices", "DevicePolicy", "MemoryDenyWriteExecute", "ProtectHome", "RestrictAddressFamilies")
    assert not [line for line in lines if line.startswith(forbidden)]
    own = unit(program(tmp_path), Place(tmp_path))
    assert "User=" not in own and "WantedBy=default.target" in own and "ProtectSystem" not in own


@needs_systemctl
@pytest.mark.slow
@pytest.mark.parametrize("script, name", [("app.py", "gatehouse-hub"), ("agent.py", "gatehouse-agent")])
def test_a_unit_for_another_system_is_written_enabled_and_removed(tmp_path: Path, script: str, name: str) -> None:
    flags = ("--instance", str(tmp_path / "instance"), "--root", str(tmp_path / "system"))
    units = tmp_path / "system" / "etc" / "systemd" / "system"
    done = command(script, "install-service", *flags, "--user", "gate")
    assert done.returncode == 0, done.stdout + done.stderr
    file, link = units / f"{name}.service", units / "multi-user.target.wants" / f"{name}.service"
    assert "\nUser=gate\n" in file.read_text("utf-8") and link.is_symlink()
    assert command(script, "install-service", *flags).returncode == 0, "again, for a new version"
    other = command(script, "install-service", "--instance", str(tmp_path / "other"), *flags[2:])
    assert other.returncode == 1 and "choose another name with --name" in other.stderr
    assert not (tmp_path / "instance").exists() and not (tmp_path / "other").exists()
    done = command(script, "remove-service", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not file.exists() and not link.is_symlink()
    again = command(script, "remove-service", *flags)
    assert again.returncode == 1 and again.stderr.startswith(f"There is no service {name}")


@pytest.mark.slow
@pytest.mark.parametrize("script", ["app.py", "agent.py"])
def test_print_shows_the_unit_and_does_nothing(tmp_path: Path, script: str) -> None:
    root = tmp_path / "system"
    flags = ("--instance", str(tmp_path / "instance"), "--root", str(root), "--print")
    done = command(script, "install-service", *flags, "--name", "gate-7")
    assert done.returncode == 0, done.stderr
    assert f"# {root}/etc/systemd/system/gate-7.service\n{MARK}\n" in done.stdout
    assert f'"{tmp_path / "instance"}"' in done.stdout and "> systemctl" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_settings_that_cannot_be_used_are_not_installed(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("port = 'x'\n", "utf-8")
    done = command("app.py", "install-service", "--instance", str(tmp_path), "--root", str(tmp_path / "system"))
    assert done.returncode == 2 and "port" in done.stderr
    assert not (tmp_path / "system").exists()


@pytest.mark.slow
def test_flags_of_the_service_go_with_its_commands_only() -> None:
    done = command("agent.py", "check", "--name", "x")
    assert done.returncode == 2 and "install-service and remove-service only" in done.stderr


@pytest.mark.slow
def test_flags_travel_into_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", "utf-8")
    flags = ("--instance", str(tmp_path), "--root", str(tmp_path / "r"), "--print")
    agent = command(
        "agent.py", "install-service", *flags, "--hub", "http://h:1", "--config", str(tmp_path / "config.json")
    )
    assert f'"--config" "{tmp_path / "config.json"}" "--hub" "http://h:1"\n' in agent.stdout, agent.stderr
    hub = command("app.py", "install-service", *flags, "--port", "5055")
    assert '"--port" "5055"\n' in hub.stdout, hub.stderr


@pytest.mark.skipif(Path("/run/systemd/system").exists(), reason="this machine runs systemd, and its services stay")
@pytest.mark.slow
def test_without_a_running_systemd_nothing_is_written(tmp_path: Path) -> None:
    name = f"gatehouse-test-{os.getpid()}"
    done = command(
        "app.py", "install-service", "--instance", str(tmp_path), "--name", name, XDG_CONFIG_HOME=str(tmp_path / "c")
    )
    assert done.returncode == 1 and done.stderr.startswith("This machine was not started with systemd")
    assert not (tmp_path / "c").exists() and not Path("/etc/systemd/system", f"{name}.service").exists()


def test_a_unit_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "gatehouse-hub.service"
    file.write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
    with pytest.raises(BootError, match="is not Gatehouse's"):
        install_steps(program(tmp_path), Place(tmp_path))
    with pytest.raises(BootError, match="is not Gatehouse's"):
        remove_steps("gatehouse-hub", Place(tmp_path))


@pytest.mark.parametrize("name", ["", "a b", "../x", "x/y", "-x", "x\n"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(BootError, match="is no name for a service"):
        program(tmp_path, name=name)


def test_a_folder_with_a_line_break_cannot_be_written_into_a_unit(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="control character"):
        program(tmp_path, instance=tmp_path / "a\nUser=root")
