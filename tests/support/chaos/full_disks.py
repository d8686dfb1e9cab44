"""The disk of the hub or of the agent is full and has room again, many times, while vehicles come."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.chaos.account import Account, take_account, wait_until_drained
from tests.support.chaos.gate import Gate
from tests.support.chaos.processes import ChaosAgent
from tests.support.chaos.small_disk import SmallDisk, small_disk
from tests.support.helpers import HubProcess

DISK_MB = 96
RESERVE_MB = "16"  # of the hub's disk for its database
REFUSED_SECONDS, RESUMED_SECONDS = 20.0, 30.0
HOLD_SECONDS = 1.0  # until the vehicles that stand there have their capture
VEHICLES = 100_000  # more than come; the account is of those that came


@dataclass
class DiskResult:
    """`resumed`: seconds from the first free byte to the first stored record, by the hub's own means."""

    account: Account = field(default_factory=Account)
    cycles: int = 0
    resumed: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class FullDisks:
    """A hub and an agent, each on a small disk of its own."""

    def __init__(self, folder: Path, hub_disk: SmallDisk, agent_disk: SmallDisk, seed: int, lanes: int) -> None:
        self._hub_disk, self._agent_disk = hub_disk, agent_disk
        self._rng = random.Random(seed)
        self._hub = HubProcess(hub_disk.folder / "hub", HUB_STORE_RESERVE_MB=RESERVE_MB, HUB_STORE_WARN_FREE_MB="0")
        self._hub.output = folder / "hub.output.txt"
        self._agent = ChaosAgent(agent_disk.folder / "agent")
        self._agent.output = folder / "agent.output.txt"
        self._hub.start()
        self.gate = Gate(self._agent.instance, self._hub.port, seed, VEHICLES, lanes, max(1, lanes // 4))
        self.result = DiskResult()

    def run(self, cycles: int) -> DiskResult:
        """Fill the hub's disk and the agent's in turn, `cycles` times in all."""
        self._agent.start()
        try:
            self.gate.start()
            for number in range(cycles):
                self.gate.wait(self.gate.captured + 5, 60)
                (self._fill_hub if number % 2 == 0 else self._fill_agent)()
                self.result.cycles += 1
            self.gate.end(60)
            self.result.account = take_account(self.gate, self._hub, self._agent.instance)
            self.result.faults += self.result.account.faults
            return self.result
        finally:
            self.gate.stop()
            if not self._agent.ended:
                self._agent.stop()
            self._hub.stop()

    def _fill_hub(self) -> None:
        """Records are refused with 503 and `Retry-After`, the page says so, captures go on, and it ends by itself."""
        self._hub_disk.fill()
        try:
            refused = self._until(lambda: self._post().status_code == 503, REFUSED_SECONDS)
            answer = self._post()
            if not refused or answer.status_code != 503 or int(answer.headers.get("Retry-After", 0)) < 1:
                self.result.faults.append(f"a full hub answers {answer.status_code} {dict(answer.headers)}")
            if not self._until(lambda: any("full" in text for text in self._status()["warnings"]), REFUSED_SECONDS):
                self.result.faults.append(f"the status page of a full hub says {self._status()['warnings']}")
            before = self.gate.captured
            if not self.gate.wait(before + 5, REFUSED_SECONDS):
                self.result.faults.append("the agent takes no captures while the hub is full")
        finally:
            self._hub_disk.empty()
        self._wait_until_stored()

    def _fill_agent(self) -> None:
        """Captures reach the hub all the same, and go on to the disk when there is room."""
        self.gate.hold()
        time.sleep(HOLD_SECONDS)
        wait_until_drained(self._agent.instance, REFUSED_SECONDS)
        before = self._status()["captures"]["stored"]
        self._agent_disk.fill()
        self.gate.release()
        lanes = len(self.gate.lanes)
        if not self._until(lambda: self._status()["captures"]["stored"] >= before + lanes, REFUSED_SECONDS):
            self.result.faults.append("captures of an agent with a full disk do not reach the hub")
        captured = self.gate.captured
        self._agent_disk.empty()
        if not self.gate.wait(captured + 5, RESUMED_SECONDS):
            self.result.faults.append("the agent does not go on after its disk was full")

    def _wait_until_stored(self) -> None:
        began = time.monotonic()
        if self._until(lambda: self._post().status_code in (200, 201), RESUMED_SECONDS):
            self.result.resumed.append(time.monotonic() - began)
        else:
            self.result.faults.append("the hub does not go on by itself after its disk was full")

    def _post(self) -> requests.Response:
        body = {"type": "health_check", "camera_id": "disk", "component": "disk", "status": "PASS"}
        body["event_id"] = self._rng.randbytes(8).hex()
        return requests.post(f"{self._hub.url}/api/health", json=body, timeout=20)

    def _status(self) -> dict[str, Any]:
        return self._hub.get("/status")

    @staticmethod
    def _until(condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


def run_full_disks(folder: Path, cycles: int, seed: int, lanes: int = 4) -> DiskResult:
    """Run it on two small disks below `folder`. Raises NoSmallDisk."""
    with small_disk(folder / "hub-disk", DISK_MB) as hub_disk, small_disk(folder / "agent-disk", DISK_MB) as agent_disk:
        return FullDisks(folder, hub_disk, agent_disk, seed, lanes).run(cycles)
