"""One run: vehicles at a gate, trouble all the while, an account at the end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.chaos.account import Account, take_account
from tests.support.chaos.gate import Gate
from tests.support.chaos.processes import ChaosAgent
from tests.support.chaos.troubles import Troubles
from tests.support.chaos.wall_clock import WallClock
from tests.support.helpers import HubProcess
from tests.support.native import compiler


@dataclass
class Result:
    """An account, what trouble there was, and how long it took in seconds."""

    account: Account
    made: Counter[str]
    seconds: float


def run_chaos(folder: Path, vehicles: int, kills: int, seed: int, lanes: int = 8, weighbridges: int = 2) -> Result:
    """Let vehicles come while hub and agent are killed. The folder is kept."""
    began = time.monotonic()
    clock = WallClock(folder) if compiler() is not None else None
    environ = clock.environ if clock is not None else {}
    hub = HubProcess(folder / "hub", real=True, **environ).start()
    gate = Gate(folder / "agent", hub.port, seed, vehicles, lanes, weighbridges)
    agent = ChaosAgent(folder / "agent", environ).start()
    try:
        gate.start()
        troubles = Troubles(gate, hub, agent, clock, kills, str(seed))
        whole = troubles.run()
        if whole:
            gate.join()
        account = take_account(gate, hub, folder / "agent")
        account.lost += vehicles - account.vehicles
        if not whole:
            account.faults.insert(0, f"only {gate.captured} of {vehicles} vehicles were captured in time")
        return Result(account, troubles.made, time.monotonic() - began)
    finally:
        gate.stop()
        if not agent.ended:
            agent.kill()
        if hub.process is not None and hub.process.poll() is None:
            hub.kill()
