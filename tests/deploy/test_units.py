"""The shipped units of systemd say what `install-service` says, and systemd takes them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.helpers import ROOT
from tools.boot.program import Program
from tools.boot.systemd import Place, unit

UNITS = sorted((ROOT / "deploy").glob("*.service"))
OWN = ("ExecStart=", "WorkingDirectory=", "User=")
"""What says where the files are and who runs them."""


def service(text: str) -> list[str]:
    """The lines of a unit's section [Service], without comments."""
    section = text.split("[Service]")[1].split("\n[")[0]
    return [line for line in section.splitlines() if line and not line.startswith("#")]


def test_the_hubs_unit_has_the_lines_of_install_service() -> None:
    program = Program("hub", "app.py", Path("/var/lib/gatehouse/a"), "gatehouse-hub", (), tells_when_ready=True)
    written = service(unit(program, Place(Path("/etc/systemd/system"), "gatehouse")))
    shipped = service((ROOT / "deploy" / "gatehouse-hub@.service").read_text("utf-8"))
    assert [line for line in shipped if not line.startswith(OWN)] == [
        line for line in written if not line.startswith(OWN)
    ]
    assert [line.partition("=")[0] + "=" for line in shipped if line.startswith(OWN)] == list(OWN)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt install systemd")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_takes_the_unit(file: Path, tmp_path: Path) -> None:
    """With programs that are here in the place of those that it starts."""
    text = file.read_text("utf-8")
    for program in ("/opt/gatehouse/.venv/bin/python", "/usr/sbin/nginx"):
        text = text.replace(f"={program} ", "=/bin/true ")
    copy = tmp_path / file.name.replace("@", "@a")
    copy.write_text(text.replace("/opt/gatehouse\n", "/\n"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert str(copy) not in done.stderr and file.name not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
