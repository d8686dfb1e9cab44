"""A Redis of a test's own: a process on a free port that keeps nothing on the disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from tests.support.helpers import free_ports, wait_for

MISSING = "needs the program redis-server: apt-get install redis-server"


def redis_server() -> str | None:
    """The program, where it is installed."""
    return shutil.which("redis-server")


class RedisServer:
    """The process, which may be stopped and started again on its port; a context manager."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self.folder, self.password = folder, password
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_ports(1)[0]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        program = redis_server()
        assert program is not None, MISSING
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "no"}
        if self.password:
            options["requirepass"] = self.password
        command = [program, *(text for name, value in options.items() for text in (f"--{name}", str(value)))]
        with (self.folder / "redis.txt").open("ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        wait_for(self._answers, 10, "Redis's start")
        return self

    def _answers(self) -> bool:
        try:
            return self.ask("PING").startswith(("+PONG", "-NOAUTH"))
        except OSError:
            return False

    def ask(self, command: str) -> str:
        """The reply to an inline command without arguments that hold spaces; the whole of it for one bulk string."""
        with socket.create_connection(("127.0.0.1", self.port), 2) as sock:
            sock.sendall(f"{command}\r\n".encode())
            file = sock.makefile("rb")
            line = file.readline().decode()
            return file.read(int(line[1:])).decode() if line.startswith("$") else line

    def commands(self) -> int:
        """How many commands it has processed since its start."""
        lines = self.ask("INFO stats").splitlines()
        return next(int(line.partition(":")[2]) for line in lines if line.startswith("total_commands_processed:"))

    def stop(self) -> None:
        """End it at once, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def __enter__(self) -> RedisServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
