"""Other hosts for tests: network namespaces of this machine, each joined to it by a pair of virtual interfaces."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support.alone import WORKER
from tests.support.helpers import ROOT

TEST_NETWORK = "198.18.0.0/15"  # reserved for measurements between networks (RFC 2544)


@dataclass(frozen=True)
class Host:
    """`address` is its own, `hub` this machine's as it sees it."""

    name: str
    address: str
    hub: str

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs Python with these arguments on this host."""
        return ["ip", "netns", "exec", self.name, sys.executable, *arguments]

    def python(self, code: str, *arguments: object, timeout: float = 60.0) -> str:
        """What a program prints that runs on this host."""
        done = subprocess.run(
            self.command("-c", code, *map(str, arguments)),
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, code: str, *arguments: object) -> subprocess.Popen[str]:
        """A program on this host whose standard input and output are text pipes."""
        return subprocess.Popen(
            self.command("-u", "-c", code, *map(str, arguments)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )


@contextmanager
def other_hosts(count: int) -> Iterator[list[Host]]:
    """Make hosts, each in a network of its own; skips the test where that is not allowed."""
    ip = shutil.which("ip")
    if not ip or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("A second host needs root and iproute2 (apt-get install iproute2).")
    hosts: list[Host] = []
    try:
        for number in range(count):
            net = f"198.{_octet()}.{random.randrange(256)}.{{}}"
            host = Host(f"gh{uuid.uuid4().hex[:8]}", net.format(4 * number + 2), net.format(4 * number + 1))
            made = subprocess.run([ip, "netns", "add", host.name], capture_output=True, text=True, check=False)
            if made.returncode:
                pytest.skip(f"Network namespaces cannot be made here: {made.stderr.strip()}")
            hosts.append(host)
            _join(ip, host)
        yield hosts
    finally:
        for host in hosts:
            subprocess.run([ip, "netns", "delete", host.name], check=True)


def _octet() -> int:
    """The second number of TEST_NETWORK's addresses; two processes of tests that run at once have one each."""
    worker = os.environ.get(WORKER, "")
    return 18 + int(worker.removeprefix("gw")) % 2 if worker else random.randrange(18, 20)


def _join(ip: str, host: Host) -> None:
    name = host.name
    for command in (
        ["link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name],
        ["addr", "add", f"{host.hub}/30", "dev", f"{name}a"],
        ["link", "set", f"{name}a", "up"],
        ["-n", name, "addr", "add", f"{host.address}/30", "dev", f"{name}b"],
        ["-n", name, "link", "set", f"{name}b", "up"],
        ["-n", name, "link", "set", "lo", "up"],
    ):
        subprocess.run([ip, *command], check=True, capture_output=True)
