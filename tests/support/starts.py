"""Starts of hubs without their imports: a process that has them forks a child for each (start_server.py).

`start` takes the place of `subprocess.Popen` for `python app.py ...`, whose imports, and the compilation of templates
(templates.py), are most of the processor time of a start. A start is forked only where that makes no difference: on
Linux, with the interpreter and the environment that the server has, but for variables that the program reads while it
runs. Everything else is started with Popen, and so is everything until `enable` is called (tests/conftest.py), in
benches for instance. What differs in a forked child: its parent, its command line in /proc, the seed of hash(), which
the children of one server share, some pages of libraries that its resident size does not count, and what
gc.get_objects() finds.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("start_server.py")
READY_SECONDS = 60
CLOSE_SECONDS = 10
WAIT_SECONDS = 0.05  # between two looks at the lock in `wait`, as other threads may ask too
REQUEST_BYTES = 60_000
UNKNOWN_STATUS = -255  # the start server was killed before the child ended

IMPORTED_LATER = (
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.PpmImagePlugin",
    "engineio.async_drivers.gevent",
    "flask_sqlalchemy.cli",
    "gevent.resolver.thread",
    "hub.assembly.application",
    "hub.assembly.hub",
    "hub.backup.switch",
    "hub.http.server",
    "hub.http.serving",
    "hub.kinds",
    "hub.subscriptions",
    "jinja2.ext",
    "sqlalchemy.dialects.sqlite",
)
"""What the hub imports after app.py has been imported, or while it runs."""

DONE_BEFORE = ("tests.support.templates:compile_templates",)
"""What is called once, so that no start has to do it: module and function."""

SET_BY_IMPORTS = (
    "LD_LIBRARY_PATH",
    "QT_QPA_",
    "OPENCV_",
    "HF_",
    "TOKENIZERS_",
    "DISABLE_SAFETENSORS_",
    "OMP_",
    "OPENBLAS_",
    "PSYCOPG_",
)
"""How the variables begin that cv2, psycopg and modules of agent and hub set in the process of the tests when they are
imported: no part of what a user's start has."""

READ_WHILE_RUNNING = ("HUB_", "PYTEST_")
"""How the variables begin that may differ from the server's."""


class Child:
    """A forked child with what the tests use of subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, args: list[str], pid: int, pidfd: int, status: int) -> None:
        self.args = args
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd, self._status = pidfd, status
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit status, -N after signal N; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises subprocess.TimeoutExpired."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while (code := self._ended(min(WAIT_SECONDS, max(0.0, end - time.monotonic())))) is None:
            if time.monotonic() >= end:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def _ended(self, seconds: float) -> int | None:
        with self._lock:
            if self.returncode is not None:
                return self.returncode
            events = select.poll()
            events.register(self._status, select.POLLIN)
            if not events.poll(seconds * 1000):
                return None
            data = os.read(self._status, 4)
            self._close()
            self.returncode = int.from_bytes(data, sys.byteorder, signed=True) if data else UNKNOWN_STATUS
            return self.returncode

    def _close(self) -> None:
        os.close(self._status)
        os.close(self._pidfd)

    def send_signal(self, number: int) -> None:
        """Send a signal; without effect once it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()

    def __del__(self) -> None:
        if self.returncode is None and self.poll() is None:
            self._close()
            warnings.warn(f"subprocess {self.pid} is still running", ResourceWarning, source=self, stacklevel=2)


Process = subprocess.Popen[bytes] | Child


class StartServer:
    """The process that forks. Raises OSError or ValueError when it cannot be made or is not usable."""

    def __init__(self, interpreter: list[str], program: Path, environ: Mapping[str, str]) -> None:
        self._interpreter = interpreter
        self._environ = _fixed(environ)
        self._lock = threading.Lock()
        self._output = tempfile.TemporaryFile()
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [*interpreter, str(SCRIPT), str(other.fileno()), str(program), *IMPORTED_LATER, *DONE_BEFORE],
                pass_fds=[other.fileno()],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._control.settimeout(READY_SECONDS)
            ready = json.loads(self._control.recv(REQUEST_BYTES) or b"{}")
            if "read" not in ready or self.output():
                raise ValueError(f"{program.name} cannot be started by fork: {ready.get('error')} {self.output()}")
        except (OSError, ValueError):
            self.close()
            raise
        self._read = frozenset(ready["read"])

    def output(self) -> str:
        """What the server has written, which is nothing where all is well: each start would write it too."""
        self._output.seek(0)
        return self._output.read().decode("utf-8", "replace")

    def serves(self, environ: Mapping[str, str]) -> bool:
        """Whether a child would be what a new process with this environment is."""
        return _fixed(environ) == self._environ and not any(_varies(name) and name in self._read for name in environ)

    def fork(
        self, arguments: list[str], environ: Mapping[str, str], output: IO[bytes], errors: IO[bytes] | None = None
    ) -> Child:
        """Start a child that runs a script. Raises OSError."""
        umask = os.umask(0)
        os.umask(umask)
        request = {
            "interpreter": self._interpreter,
            "arguments": arguments,
            "cwd": os.getcwd(),
            "umask": umask,
            "environ": {name: value for name, value in environ.items() if _varies(name)},
        }
        status, child_status = os.pipe()
        try:
            with open(os.devnull, "rb") as nothing, self._lock:
                files = [nothing.fileno(), output.fileno(), (errors or output).fileno(), child_status]
                socket.send_fds(self._control, [json.dumps(request).encode()], files)
                data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST_BYTES, 1)
            reply = json.loads(data or b'{"error": "it has ended"}')
            if "error" in reply:
                raise OSError(f"the start server cannot fork: {reply['error']}")
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(child_status)
        return Child([*self._interpreter, *arguments], reply["pid"], descriptors[0], status)

    def close(self) -> None:
        """End the server; its children go on."""
        self._control.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()


def _varies(name: str) -> bool:
    return name.startswith(READ_WHILE_RUNNING)


def _fixed(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not _varies(name)}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


class Starts:
    """The start servers of this process of tests, one for each way of starting a program."""

    def __init__(self) -> None:
        self._environ: dict[str, str] | None = None
        self._servers: dict[tuple[str, ...], StartServer | None] = {}
        self._making = threading.Lock()

    def enable(self) -> None:
        """Fork from now on where that is possible; the environment of this moment is that of the servers."""
        if sys.platform.startswith("linux") and hasattr(signal, "pidfd_send_signal"):
            self._environ = dict(os.environ)

    def environ(self) -> dict[str, str]:
        """The environment of this process without what its imports have changed since `enable`."""
        before = os.environ if self._environ is None else self._environ
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SET_BY_IMPORTS)}
        return kept | {name: value for name, value in before.items() if name.startswith(SET_BY_IMPORTS)}

    def close(self) -> None:
        for server in filter(None, self._servers.values()):
            server.close()
        self._servers.clear()
        self._environ = None

    def start(
        self,
        command: list[str],
        environ: Mapping[str, str],
        output: IO[bytes],
        real: bool = False,
        errors: IO[bytes] | None = None,
    ) -> Process:
        """Start `command`, [interpreter, options..., script, arguments...], with stdout into `output`.

        stderr goes into `errors`, by default into `output` too. `real` asks for a new process, whatever it costs.
        """
        script = next(at for at, word in enumerate(command) if word.endswith(".py"))
        server = None if real else self._server(command[:script], environ)
        if server is not None and server.serves(environ):
            with suppress(OSError):  # it was killed, or the system cannot fork just now
                return server.fork(command[script:], environ, output, errors)
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=errors or subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environ),
        )

    def run(
        self, command: list[str], environ: Mapping[str, str], timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Start `command` and wait for its end, as subprocess.run does with `capture_output` and UTF-8.

        Raises subprocess.TimeoutExpired.
        """
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = self.start(command, environ, output, errors=errors)
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            return subprocess.CompletedProcess(command, status, _text(output), _text(errors))

    def _server(self, interpreter: list[str], environ: Mapping[str, str]) -> StartServer | None:
        if self._environ is None:
            return None
        warned = {name: value for name, value in environ.items() if name == "PYTHONWARNINGS"}
        key = (*interpreter, *warned.values())
        with self._making:  # tests start hubs on several threads
            if key not in self._servers:
                try:
                    self._servers[key] = StartServer(interpreter, ROOT / "app.py", {**self._environ, **warned})
                except (OSError, ValueError) as error:
                    self._servers[key] = None
                    print(error, file=sys.stderr)
            return self._servers[key]


starts = Starts()
