"""A site: a device of every kind and a station's agent, each on a host of its own."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.support.helpers import ROOT, HubProcess, wait_for
from tests.support.hosts import Host
from tests.support.site_device import KINDS

STATION = "agent"


class Ports(Protocol):
    """A hub, or what stands in front of it."""

    port: int
    side: dict[str, int]


class Program:
    """A program of a device on its host, and the lines that it has printed."""

    def __init__(self, host: Host, arguments: list[str]) -> None:
        self.host, self.lines = host, list[str]()
        self.process = subprocess.Popen(
            host.command("-W", "ignore", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self._reader.start()

    def refused(self) -> bool:
        return any(line.startswith("refused") for line in self.lines)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        if not self.ended():
            self.process.kill()
        self.process.wait(20)
        self._reader.join(20)
        self.process.stdout.close()


@contextmanager
def running(hub: Ports, hosts: list[Host], folder: Path, token: str) -> Iterator[dict[str, Program]]:
    """A device of every kind and a station's agent, each on a host of its own."""
    ports = [str(port) for port in (hub.port, hub.side["lpr"], hub.side["apriltag_udp"])]
    programs: dict[str, Program] = {}
    try:
        for kind, host in zip(KINDS, hosts, strict=False):
            programs[kind] = Program(host, ["-m", "tests.support.site_device", kind, host.hub, *ports, token])
        agent = [
            "agent.py",
            "--hub",
            f"http://{hosts[-1].hub}:{hub.port}",
            "--simulate",
            "--seed",
            "1",
            "--captures",
            "1",
        ]
        programs[STATION] = Program(hosts[-1], [*agent, "--instance", str(folder / "agent")])
        yield programs
    finally:
        for program in programs.values():
            program.end()


def all_accepted(hubs: Sequence[HubProcess], programs: dict[str, Program]) -> None:
    """Wait until every device has had its record taken, and look whether all is stored by these hubs of one store."""
    devices = {kind: program for kind, program in programs.items() if kind != STATION}
    wait_for(lambda: all(program.ended() for program in devices.values()), 60, "the end of every device")
    assert {kind: program.lines[-1].strip() for kind, program in devices.items()} == dict.fromkeys(devices, "accepted")
    wait_for(hubs[0].captures, 90, "the station's capture")
    cameras = {row["camera_id"] for hub in hubs for row in hub.get("/api/cameras")["cameras"]}
    assert cameras >= {"g1", "g1b", "g2", "g3", "g4", "g5"}
    addresses = {row["address"] for hub in hubs for row in hub.get("/status")["boards"]}
    assert addresses >= {programs[kind].host.address for kind in KINDS if kind.startswith("board")}
