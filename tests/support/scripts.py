"""A scratch copy of the start scripts with stand-ins for the hub and the agent, all of it run as real processes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import psutil

from tests.support.helpers import ROOT, SIDE_PORTS, free_ports, wait_for

SCRIPTS = ("start_system.sh", "run_tests.sh", "start_system.bat", "run_tests.bat", "tools", ".ci")

# What both stand-ins share: a line in journal.jsonl for everything that the test wants to know of them.
JOURNAL = """
import json, os, pathlib, signal, subprocess, sys, time
instance = pathlib.Path(sys.argv[sys.argv.index("--instance") + 1])
instance.mkdir(exist_ok=True)
who = {"app": "hub", "agent": "agent"}[pathlib.Path(__file__).stem]
def note(event, **more):
    with open(instance / "journal.jsonl", "a", encoding="utf-8") as journal:
        journal.write(json.dumps({"who": who, "event": event, "pid": os.getpid(), **more}) + "\\n")
"""

HUB = (
    JOURNAL
    + """
import http.server
if os.environ.get("STANDIN_HUB") == "fails":
    print("Port 5000 is taken by somebody: choose another one.")
    sys.exit(4)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/test" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
url = "http://127.0.0.1:%d" % server.server_port
note("start", python=sys.executable, url=url)
ready = instance / "hub.ready.json"
ready.write_text(json.dumps({"pid": os.getpid(), "port": server.server_port, "url": url}))
try:
    server.serve_forever(poll_interval=0.02)
except KeyboardInterrupt:
    note("end")
"""
)

AGENT = (
    JOURNAL
    + """
if os.environ.get("STANDIN_AGENT") == "stubborn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    note("child", child=child.pid)
note("start", python=sys.executable, arguments=sys.argv[1:])
print("the agent's own words")
try:
    time.sleep(300)
except KeyboardInterrupt:
    note("end")
"""
)


class Checkout:
    """A folder with the scripts, a requirements.txt of the test's choice and the stand-ins."""

    def __init__(self, folder: Path, requirements: str = "gatehouse-probe==1.0\n") -> None:
        self.folder = self.logs = folder
        self.wheels = folder.parent / f"{folder.name} wheels"
        self.instance = folder / "instance"
        self.venv = folder / ".venv"
        folder.mkdir(parents=True)
        self.wheels.mkdir()
        for name in SCRIPTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)
        (folder / "requirements.txt").write_text(requirements)
        (folder / "app.py").write_text(HUB)
        (folder / "agent.py").write_text(AGENT)
        make_wheel(self.wheels, "gatehouse-probe", "1.0", {"gatehouse_probe.py": "value = 1\n"})
        # The scripts look for a Python on PATH; this one is certain to be new enough.
        self.path = folder.parent / f"{folder.name} path"
        self.path.mkdir()
        write_script(self.path / "python3", f'exec "{sys.executable}" "$@"')

    def environ(self, **more: str) -> dict[str, str]:
        """The surroundings of a start: pip sees the test's wheels and no network, whatever this machine has set."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "HUB_"))}
        return {
            **kept,
            "PATH": f"{self.path}:/usr/bin:/bin",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            **more,
        }

    def use_venv(self, template: Path) -> None:
        """Gives it a copy of an empty environment, which takes less time than making one."""
        shutil.copytree(template, self.venv, symlinks=True)

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the checkout to its end, output and errors together."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )

    def journal(self, who: str = "", event: str = "") -> list[dict[str, Any]]:
        """What the stand-ins noted, oldest first, narrowed to one of them and one kind of note."""
        path = self.instance / "journal.jsonl"
        notes = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [note for note in notes if who in ("", note["who"]) and event in ("", note["event"])]


class RealCheckout:
    """This very checkout with its real programs and environment, on free ports and in an instance of the test."""

    def __init__(self, scratch: Path) -> None:
        self.folder = ROOT
        self.logs = scratch
        self.instance = scratch / "instance"
        main, *side = free_ports(1 + len(SIDE_PORTS))
        self.url = f"http://127.0.0.1:{main}"
        self.ports = {"HUB_PORT": str(main)} | {name: str(port) for name, port in zip(SIDE_PORTS, side, strict=True)}

    def environ(self, **more: str) -> dict[str, str]:
        foreign = ("HUB_", "AGENT_", "WEBSOCKET_URL", "IMAGE_SERVER_URL")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            **self.ports,
            **more,
        }

    def is_ready(self) -> bool:
        """Whether a start would install nothing."""
        code = "import sys, environment; sys.exit(not environment.Environment().is_ready())"
        return subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", check=False).returncode == 0

    def journal(self) -> list[dict[str, Any]]:
        return []

    def processes(self) -> list[str]:
        """The command lines of every process that works on this instance."""
        texts = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
        return [text for text in texts if str(self.instance) in text]


class Started:
    """`./start_system.sh --no-browser` of a checkout while it runs; a context manager that leaves nothing behind."""

    def __init__(self, checkout: Checkout | RealCheckout, ignore_sigint: bool = False, **environ: str) -> None:
        self.checkout = checkout
        self._log = checkout.logs / f"output-{os.urandom(4).hex()}.txt"
        # A shell starts its background jobs with SIGINT ignored.
        ignoring = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_sigint else None
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                ["./start_system.sh", "--no-browser", "--instance", str(checkout.instance)],
                cwd=checkout.folder,
                env=checkout.environ(**environ),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=ignoring,
            )

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        for note in self.checkout.journal():
            for pid in (note["pid"], note.get("child", 0)):
                if pid and is_running(pid):
                    os.kill(pid, signal.SIGKILL)

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_for_text(self, text: str) -> None:
        wait_for(lambda: text in self.output or self.process.poll() is not None, 60, f"{text!r} in the output")
        assert text in self.output, self.output

    def wait_for_note(self, who: str, event: str, count: int = 1) -> list[dict[str, Any]]:
        """The stand-in's notes of this kind once there are `count` of them."""
        return wait_for(
            lambda: (notes := self.checkout.journal(who, event))[count - 1 :] and notes,
            60,
            f"note {count} of {who} {event}; the output was:\n{self.output}",
        )

    def wait(self, timeout: float = 30) -> int:
        return self.process.wait(timeout)


def is_running(pid: int) -> bool:
    """Whether a process is there and is not merely waiting to be reaped (nobody may reap an orphan in a container)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def write_script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def make_wheel(
    folder: Path, name: str, version: str, files: dict[str, str], tag: str = "py3-none-any", metadata: str = ""
) -> None:
    """Writes a wheel that pip accepts; `metadata` is more lines of its METADATA."""
    stem = f"{name.replace('-', '_')}-{version}"
    content = {
        **files,
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
        f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in content.items()]
    content[f"{stem}.dist-info/RECORD"] = "\n".join([*record, f"{stem}.dist-info/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as wheel:
        for path, text in content.items():
            wheel.writestr(path, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
