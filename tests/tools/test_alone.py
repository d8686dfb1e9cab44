"""Tests that are marked `alone`, where several processes share the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.alone import WORKER
from tests.support.helpers import ROOT

TESTS = """
import sys, time
from pathlib import Path
from tests.support.alone import machine

name, folder = sys.argv[1], Path(sys.argv[2])
(folder / (name + ".ready")).touch()
while len(list(folder.glob("*.ready"))) < 3:
    time.sleep(0.01)
with open(folder / "notes", "a", buffering=1) as notes:
    for _ in range(100):
        with machine(name == "alone", (folder / "turnstile", folder / "room")):
            notes.write(name + " begins\\n")
            time.sleep(0.001)
            notes.write(name + " ends\\n")
"""


@pytest.mark.skipif(os.name == "nt", reason="On Windows one process runs the tests.")
def test_nothing_runs_beside_a_test_that_is_to_be_alone(tmp_path: Path) -> None:
    for name in ("turnstile", "room"):
        (tmp_path / name).touch()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TESTS, name, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), WORKER: "gw0"},
        )
        for name in ("alone", "first", "second")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    notes = (tmp_path / "notes").read_text().splitlines()
    assert len(notes) == 3 * 2 * 100
    places = [place for place, note in enumerate(notes) if note == "alone begins"]
    assert all(notes[place + 1] == "alone ends" for place in places)
