"""The agent's log in a process of its own: rotation, JSON lines, lines that nobody forges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.helpers import ROOT

PROGRAM = """
import logging, sys
from pathlib import Path
from agent_lib.runtime.log_setup import set_up_log
set_up_log(Path(sys.argv[1]), "INFO", sys.argv[2], 3000, 2, 30)
log = logging.getLogger("some")
for number in range(200):
    log.info("line %d", number)
log.debug("not this one")
log.info("a\\nb \\ud800")
log.info("x" * 10**5)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


def written(folder: Path, form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "agent.log"), form],
        cwd=ROOT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0 and b"Logging error" not in done.stderr, done.stderr
    files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(files) == 3 and files[-1].name == "agent.log"
    return [line for path in files for line in path.read_text("utf-8").splitlines()]


def test_text(tmp_path: Path) -> None:
    lines = written(tmp_path, "text")
    assert "line 199" in "\n".join(lines) and not any("not this one" in line for line in lines)
    assert any(line.endswith("[INFO] some: a\\nb \\ud800") for line in lines)
    assert max(map(len, lines)) < 4100
    assert lines[-1] == "    ZeroDivisionError: division by zero"


def test_json(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in written(tmp_path, "json")]
    assert lines[-1]["exception"].endswith("ZeroDivisionError: division by zero")
    assert (lines[-1]["level"], lines[-1]["logger"], lines[-1]["message"]) == ("ERROR", "some", "failed")
    assert any(line["message"].startswith("a\nb") for line in lines)
    assert all(line["time"].endswith("Z") and len(line["message"]) < 4100 for line in lines)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "missing" / "agent.log"), "text"],
        cwd=ROOT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert b"cannot be written" in done.stderr and b"line 199" in done.stderr and done.returncode == 0
