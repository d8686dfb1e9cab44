"""Forked starts are what new processes are, and are used only where that is so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.helpers import ROOT, HubProcess, wait_for
from tests.support.starts import SET_BY_IMPORTS, UNKNOWN_STATUS, Child, Process, Starts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="starts are forked on Linux only"),
]

PROBE = ROOT / "tests" / "support" / "start_probe_app.py"
ENVIRON = {**os.environ, "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def starts() -> Iterator[Starts]:
    one = Starts()
    one.enable()
    yield one
    one.close()


@contextmanager
def waiting(starts: Starts, file: Path) -> Iterator[Child]:
    """A forked process that waits; it is killed at the end, whatever the test finds."""
    with probe(starts, file, "wait") as process:
        try:
            assert isinstance(process, Child)
            yield process
        finally:
            process.kill()


def probe(starts: Starts, file: Path, how: str = "status", real: bool = False, **environ: str) -> Process:
    with file.open("wb") as output:
        return starts.start([sys.executable, str(PROBE), how], {**ENVIRON, **environ}, output, real)


def shown(process: Process, file: Path) -> dict[str, Any]:
    process.wait(30)
    text = file.read_text("utf-8")
    assert text.startswith("{"), text
    return json.loads(text.splitlines()[0])


def test_a_child_finds_what_a_new_process_finds(starts: Starts, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "output"
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    before = os.umask(0o27)
    try:
        forked = probe(starts, file, HUB_PORT="1234")
        first = shown(forked, file)
        real = probe(starts, file, real=True, HUB_PORT="1234")
        second = shown(real, file)
    finally:
        os.umask(before)
    assert isinstance(forked, Child) and not isinstance(real, Child)
    for name, value in second["found"].items():
        assert first["found"][name] == value, name
    assert first["found"].keys() == second["found"].keys()
    assert first["found"]["environ"]["HUB_PORT"] == "1234" and first["own"]["pid"] == forked.pid


def test_no_two_children_have_the_same_random_numbers(starts: Starts, tmp_path: Path) -> None:
    first, second = (shown(probe(starts, tmp_path / name), tmp_path / name)["own"] for name in "ab")
    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize(
    ("how", "status"),
    [("status", 7), ("error", 1), ("signal", -signal.SIGTERM), ("interrupt", -signal.SIGINT), ("greenlets", 0)],
)
def test_how_a_child_ends(starts: Starts, tmp_path: Path, how: str, status: int) -> None:
    texts = []
    for real in (False, True):
        process = probe(starts, tmp_path / "output", how, real)
        assert process.wait(30) == status == process.poll() == process.returncode
        process.kill()  # without effect
        texts.append((tmp_path / "output").read_text("utf-8").splitlines()[1:])
    assert [lines[-1:] for lines in texts[:1]] == [lines[-1:] for lines in texts[1:]]


def test_signals(starts: Starts, tmp_path: Path) -> None:
    with waiting(starts, tmp_path / "output") as process:
        wait_for((tmp_path / "output").read_text)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        one = psutil.Process(process.pid)
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: one.status() == psutil.STATUS_STOPPED)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: one.status() != psutil.STATUS_STOPPED)
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    wait_for(lambda: not psutil.pid_exists(process.pid))


@pytest.mark.parametrize("name", ["TZ", "LD_PRELOAD", "PYTHONHASHSEED", "LC_ALL", "WHATEVER"])
def test_another_environment_is_a_new_process(starts: Starts, tmp_path: Path, name: str) -> None:
    with probe(starts, tmp_path / "output", **{name: "0" if name == "PYTHONHASHSEED" else ""}) as process:
        process.kill()  # its imports are not what is looked at
        assert isinstance(process, subprocess.Popen)


def test_other_options_of_the_interpreter_are_honoured(starts: Starts, tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as output:
        command = [sys.executable, "-X", "dev", str(PROBE), "status"]
        process = starts.start(command, ENVIRON, output)
    found = shown(process, tmp_path / "output")["found"]
    assert found["flags"][3] is True and found["arguments"][1] == command


def test_a_server_that_is_killed(tmp_path: Path) -> None:
    one = Starts()
    one.enable()
    try:
        first, second = tmp_path / "first", tmp_path / "second"
        child = probe(one, first, "wait")
        assert isinstance(child, Child)
        os.kill(psutil.Process(child.pid).ppid(), signal.SIGKILL)
        assert child.wait(10) == UNKNOWN_STATUS
        os.kill(child.pid, signal.SIGKILL)
        with probe(one, second) as process:
            process.kill()
            assert isinstance(process, subprocess.Popen)
    finally:
        one.close()


def test_a_child_that_is_left_running_is_a_warning(starts: Starts, tmp_path: Path) -> None:
    process = probe(starts, tmp_path / "output", "wait")
    pid = process.pid
    with pytest.warns(ResourceWarning, match=f"subprocess {pid} is still running"):
        del process
    os.kill(pid, signal.SIGKILL)


def test_nothing_is_forked_unless_enabled(tmp_path: Path) -> None:
    with probe(Starts(), tmp_path / "output") as process:
        process.kill()
        assert isinstance(process, subprocess.Popen)


def test_hubs_of_this_run_are_forked(tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: Any) -> None:
    for name in SET_BY_IMPORTS:  # as the import of cv2 does
        monkeypatch.setenv(f"{name}X" if name.endswith("_") else name, str(tmp_path))
    with HubProcess(tmp_path / "instance") as hub:
        assert isinstance(hub.process, Child) is not pytestconfig.getoption("--real-starts")
    with HubProcess(tmp_path / "instance", real=True) as hub:
        assert isinstance(hub.process, subprocess.Popen)


def test_first_starts_on_several_threads_share_one_server(tmp_path: Path) -> None:
    one = Starts()
    one.enable()
    try:
        with ThreadPoolExecutor(3) as threads:
            begun = list(threads.map(lambda number: probe(one, tmp_path / f"{number}"), range(3)))
        assert all(isinstance(process, Child) for process in begun)
        assert len({psutil.Process(process.pid).ppid() for process in begun if process.poll() is None}) <= 1
        assert [process.wait(30) for process in begun] == [7, 7, 7]
    finally:
        one.close()
