"""How hub and agent are asked to stop: signals, a closed terminal, the closed console window of Windows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent import quick, simulated_devices
from tests.support.helpers import ROOT, SIDE_PORTS, HubProcess, free_ports, wait_for
from tools import signals
from tools.signals import console_handler, may_repeat, on_console_close

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no terminals that hang up")


@pytest.fixture(autouse=True)
def hangups_arrive() -> Iterator[None]:
    """Programs that these tests start hear of a closed terminal, also where nohup(1) has started the tests."""
    if os.name == "nt":
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


class Terminal:
    """A program in a terminal of its own, which can be closed like a window."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        import pty  # not on Windows

        self._screen, program_side = pty.openpty()
        # The first terminal that the leader of a session opens becomes its own; setsid(1) sets it.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, *arguments],
            stdin=program_side,
            stdout=program_side,
            stderr=program_side,
            env={**os.environ, **environ},
        )
        os.close(program_side)

    def close(self) -> None:
        if self._screen >= 0:
            os.close(self._screen)
            self._screen = -1

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)


@on_posix
@pytest.mark.slow
def test_closing_the_terminal_ends_the_hub_in_order(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance", real=True)
    ports = {name: hub.environ[name] for name in SIDE_PORTS}
    command = (str(ROOT / "app.py"), "--instance", str(hub.instance), "--port", str(hub.port))
    with Terminal(*command, **ports) as terminal:
        wait_for((hub.instance / "hub.ready.json").exists, 30, "the hub's being ready")
        terminal.close()
        assert terminal.process.wait(20) == 0
    assert "The hub has ended." in (hub.instance / "hub.log").read_text("utf-8")
    assert not (hub.instance / "hub.ready.json").exists()


@on_posix
@pytest.mark.slow
def test_closing_the_terminal_ends_the_agent_in_order(tmp_path: Path) -> None:
    with simulated_devices() as (reader, _):
        station = f'[station]\nkind = "tags"\n[rfid]\nhost = "127.0.0.1"\nport = {reader.address[1]}\n'
        command = (str(ROOT / "agent.py"), *quick(tmp_path, station), "--hub", f"http://127.0.0.1:{free_ports(1)[0]}")
        with Terminal(*command) as terminal:
            wait_for(lambda: reader.clients, 30)
            terminal.close()
            assert terminal.process.wait(20) == 0
    assert "Ending, as asked." in (tmp_path / "agent" / "agent.log").read_text("utf-8")


@on_posix
@pytest.mark.slow
def test_a_shell_and_the_system_may_both_say_that_the_terminal_is_closed(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance", real=True) as hub:
        for _ in range(3):
            hub.process.send_signal(signal.SIGHUP)
        assert hub.process.wait(20) == 0
    assert "The hub has ended." in (hub.instance / "hub.log").read_text("utf-8")


@on_posix
@pytest.mark.slow
def test_nohup_keeps_the_hub_running(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # children inherit what is ignored
    try:
        hub = HubProcess(tmp_path / "instance", real=True).start()
    finally:
        signal.signal(signal.SIGHUP, before)
    hub.process.send_signal(signal.SIGHUP)
    assert hub.get("/api/test")
    assert hub.stop() == 0


@pytest.fixture
def console() -> Iterator[None]:
    """An open console again, after a test has closed it."""
    yield
    signals._console["closed"] = False


@pytest.mark.parametrize("event, name", [(2, "close"), (5, "log off"), (6, "shut down")])
def test_the_handler_of_the_console_requests_the_end_and_does_not_return_before_it(
    console: None, event: int, name: str
) -> None:
    assert not may_repeat(signal.SIGTERM)
    steps: list[str] = []
    handler = console_handler(lambda: steps.append("stop"), lambda: steps.append("hold"))
    assert handler(event) is True, name
    assert steps == ["stop", "hold"]
    assert may_repeat(signal.SIGTERM), "the launcher's Ctrl-Break is no second Ctrl-C"


@pytest.mark.parametrize("event", [0, 1])
def test_ctrl_c_and_ctrl_break_are_left_to_the_signals(event: int) -> None:
    steps: list[str] = []
    assert console_handler(lambda: steps.append("stop"), lambda: steps.append("hold"))(event) is False
    assert steps == []


@on_posix
def test_other_systems_have_no_console_to_close() -> None:
    assert on_console_close(lambda: None) is False
