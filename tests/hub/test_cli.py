"""The command `check-config`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.helpers import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


@pytest.mark.slow
def test_check_config(tmp_path: Path) -> None:
    done = run("check-config", "--instance", str(tmp_path / "none"))
    assert (done.returncode, (tmp_path / "none").exists()) == (0, False)
    (tmp_path / "hub.toml").write_text("port = 'x'\nhots = 1\n", "utf-8")
    done = run("check-config", "--instance", str(tmp_path))
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2 and all(str(tmp_path / "hub.toml") in line for line in lines)
    done = run("--instance", str(tmp_path))
    assert done.returncode == 2, "a hub does not start on settings that check-config refuses"
