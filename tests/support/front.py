"""A real nginx with the configuration of `deploy/`, in front of hubs of the tests."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.helpers import ROOT, HubProcess, free_ports, wait_for

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
FOLDER = "/run/gatehouse-nginx"
PORTS = {"main": 5000, "apriltag": 5100, "lpr": 8765, "images": 3000, "results": 2020, "apriltag_udp": 5200}
"""The ports of the configuration, by the names of the hub's listeners."""
MISSING = "needs nginx with its stream module: apt-get install nginx libnginx-mod-stream"


def nginx() -> str | None:
    """The program nginx, where it has the stream module; else None."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        return None
    built = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stderr
    dynamic = any(Path("/etc/nginx/modules-enabled").glob("*mod-stream.conf"))
    return program if dynamic or re.search(r"--with-stream(?!\S)", built) else None


def rendered(ports: dict[str, int], hubs: Sequence[dict[str, int]], folder: Path, source: str) -> str:
    """The shipped configuration with other ports, hubs on this machine and another folder.

    `ports` and each of `hubs` have a port for every name of PORTS. `source`: the address from which nginx connects, for
    which the configuration has lines that are commented out.
    """
    names = {str(number): name for name, number in PORTS.items()}
    lines: list[str] = []
    for line in CONFIGURATION.read_text("utf-8").splitlines():
        server = re.fullmatch(r"( +server )hub-a:(\d+)( .*)", line)
        if server is not None:
            lines += [f"{server[1]}127.0.0.1:{hub[names[server[2]]]}{server[3]}" for hub in hubs]
        elif not re.match(r" +server hub-", line):
            if re.match(r" +(listen|upstream|zone|proxy_pass) ", line):
                line = re.sub(r"(?<=[ _])\d{4}\b", lambda found: str(ports[names[found[0]]]), line)
            lines.append(re.sub(r"# (proxy_bind )[\d.]+", rf"\g<1>{source}", line))
    return "\n".join(lines).replace(FOLDER, str(folder)) + "\n"


def ports_of(hub: HubProcess) -> dict[str, int]:
    """The ports of a hub by the names of its listeners."""
    return {"main": hub.port, **hub.side}


class Front:
    """nginx on free ports; a context manager. `port` and `side` are those of a hub behind it."""

    def __init__(self, folder: Path, hubs: Sequence[HubProcess], source: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.port = ports["main"]
        self.side = {name: port for name, port in ports.items() if name != "main"}
        self._file = folder / "nginx.conf"
        self._file.write_text(rendered(ports, [ports_of(hub) for hub in hubs], folder, source), "utf-8")
        self.output = folder / "nginx.txt"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def __enter__(self) -> Front:
        program = nginx()
        assert program is not None, MISSING
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [program, "-e", "stderr", "-c", str(self._file), "-g", "daemon off;"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_for(self._listens, 10, "nginx's start")
        return self

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.text()
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)
