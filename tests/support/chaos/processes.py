"""The hub and the agent of a chaos run, which are killed, stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.helpers import ROOT

FROM_OUTSIDE = ("WEBSOCKET_URL", "IMAGE_SERVER_URL", "AGENT_SIMULATE_PAUSE", "GATEHOUSE_TOKEN")


class ChaosAgent:
    """`python agent.py --instance FOLDER`, started again and again; all output in one file."""

    def __init__(self, instance: Path, environ: Mapping[str, str] | None = None) -> None:
        self.instance = instance
        self.output = instance.parent / f"{instance.name}.output.txt"
        clean = {key: value for key, value in os.environ.items() if key not in FROM_OUTSIDE}
        self._environ = {**clean, **(environ or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> ChaosAgent:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "agent.py"), "--instance", str(self.instance)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environ,
            )
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        """End it in order; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None
