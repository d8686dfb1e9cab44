"""A real systemd (a user's manager) in namespaces of its own, so that nothing of this machine is seen or changed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.helpers import ROOT, wait_for

DAEMON = "/lib/systemd/systemd"
# The shell is process 1 of the namespace: everything in it ends with it.
START = (
    "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /etc/systemd/system && mkdir -p /run/systemd/system /run/own && "
    f"{DAEMON} --user & wait"
)


def missing() -> str:
    """Why no systemd can be started here, else ""."""
    if not sys.platform.startswith("linux") or not Path(DAEMON).exists() or not shutil.which("unshare"):
        return "systemd or unshare is missing: sudo apt install systemd util-linux"
    allowed = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "" if allowed.returncode == 0 else "namespaces are not allowed here (run as root)"


class Systemd:
    """The manager from start to end; a context manager. Its units stand in `units`."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config"
        self.units = self.config / "systemd" / "user"
        self.units.mkdir(parents=True)
        self.log = folder / "systemd.txt"
        self.environ = {**os.environ, "XDG_RUNTIME_DIR": "/run/own", "XDG_CONFIG_HOME": str(self.config)}
        self.environ["PYTHONPATH"] = str(ROOT)

    def __enter__(self) -> Systemd:
        with self.log.open("wb") as log:
            self._unshare = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", START],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self._shell or self._unshare.poll() is not None, 10, "the namespace")
        wait_for(lambda: self._ended or self.run("systemctl", "--user", "list-units").returncode == 0, 30, "systemd")
        if self._ended:
            pytest.skip(f"systemd does not start here: {self.log.read_text('utf-8', 'replace')[-300:]}")
        return self

    @property
    def _ended(self) -> bool:
        """Whether the manager gave up: the shell that waits for it has ended."""
        return self._unshare.poll() is not None

    @property
    def _shell(self) -> int:
        try:
            children = psutil.Process(self._unshare.pid).children()
        except psutil.NoSuchProcess:
            return 0
        return children[0].pid if children else 0

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the manager."""
        return subprocess.run(
            ["nsenter", f"--target={self._shell}", "--mount", "--pid", *command],
            env={**self.environ, **environ},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "--user", "show", "--value", f"--property={name}", unit).stdout.strip()

    def signal(self, unit: str, number: int) -> None:
        """Send a signal to a unit's main process."""
        done = self.run("kill", f"-{int(number)}", self.show(unit, "MainPID"))
        assert done.returncode == 0, done.stderr

    def __exit__(self, *_: object) -> None:
        if self._ended:
            return
        os.kill(self._shell, signal.SIGKILL)
        self._unshare.wait(20)
