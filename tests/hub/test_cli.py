"""The command `check-config`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.helpers import run_app


@pytest.mark.slow
def test_check_config(tmp_path: Path) -> None:
    done = run_app("check-config", "--instance", str(tmp_path / "none"))
    assert (done.returncode, (tmp_path / "none").exists()) == (0, False)
    (tmp_path / "hub.toml").write_text("port = 'x'\nhots = 1\n", "utf-8")
    done = run_app("check-config", "--instance", str(tmp_path))
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2 and all(str(tmp_path / "hub.toml") in line for line in lines)
    done = run_app("--instance", str(tmp_path))
    assert done.returncode == 2, "a hub does not start on settings that check-config refuses"
