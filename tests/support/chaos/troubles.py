"""Trouble at a gate, at times that a seed decides: kills, and what else happens in years."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from tests.support.chaos.gate import Gate
from tests.support.chaos.processes import ChaosAgent
from tests.support.chaos.wall_clock import WallClock
from tests.support.helpers import HubProcess

KILLED = ("hub", "agent", "both")
OTHERS = ("stopped hub", "stopped agent", "hub unreachable", "reader away", "cameras away", "clock", "ended agent")
HOUR, DAY = 3600, 86_400
AGENT_SECONDS = 30.0  # for the agent to be there again
READ_SECONDS = 0.3  # in which a reader reports vehicles that stand in front of it
PROGRESS_SECONDS = 120.0  # without a capture for this long the run has failed


class Troubles:
    """Makes `kills` kills, spread over all vehicles of a gate, and other trouble in between. `made` counts them."""

    def __init__(
        self, gate: Gate, hub: HubProcess, agent: ChaosAgent, clock: WallClock | None, kills: int, seed: str
    ) -> None:
        self._gate, self._hub, self._agent, self._clock = gate, hub, agent, clock
        self._kills, self._rng = kills, random.Random(seed)
        self.made: Counter[str] = Counter()
        self._down = False  # whether a killed process waits for its start

    def run(self) -> bool:
        """Make all of it; whether every vehicle was captured in the end."""
        total = self._gate.total
        for number in range(self._kills):
            at = (number + self._rng.random()) * total / self._kills
            if not self._gate.wait(min(int(at), total - 1), PROGRESS_SECONDS):
                return False
            time.sleep(self._rng.random() * 0.1)  # at any step of a capture and of a commit
            self._kill(self._rng.choice(KILLED))
            if self._rng.random() < 0.5:
                self._other(self._rng.choice(OTHERS))
        return self._gate.wait(total, PROGRESS_SECONDS)

    def _kill(self, what: str) -> None:
        """Kill without warning, the second one a moment later, and start again; vehicles stay meanwhile, or go on."""
        self.made[f"{what} killed"] += 1
        parts: list[HubProcess | ChaosAgent] = [part for name, part in self._parts if what in (name, "both")]
        stays = what != "hub" and self._rng.random() < 0.5
        if stays:
            self._gate.hold()
            time.sleep(0.1)  # most vehicles have their capture now
        self._rng.shuffle(parts)
        for part in parts:
            part.kill()
            time.sleep(self._rng.random() * 0.05)
        if self._rng.random() < 0.3:
            time.sleep(self._rng.random())
        self._rng.shuffle(parts)
        for part in parts:
            part.start()
        if stays:
            self._gate.wait_for_agent(AGENT_SECONDS)
            time.sleep(READ_SECONDS)
            self._gate.release()

    @property
    def _parts(self) -> list[tuple[str, HubProcess | ChaosAgent]]:
        return [("hub", self._hub), ("agent", self._agent)]

    def _other(self, what: str) -> None:
        self.made[what] += 1
        away = self._rng.random() * 1.5
        match what:
            case "stopped hub" | "stopped agent":
                process = (self._hub if what == "stopped hub" else self._agent).process
                assert process is not None
                process.send_signal(signal.SIGSTOP)
                time.sleep(away)
                process.send_signal(signal.SIGCONT)
            case "hub unreachable":
                self._gate.hub_link.cut(listen=self._rng.random() < 0.3)
                time.sleep(away)
                self._gate.hub_link.restore()
            case "reader away" | "cameras away":
                names = ("reader",) if what == "reader away" else ("primary", "secondary")
                lanes = self._rng.sample(self._gate.lanes, max(1, len(self._gate.lanes) // 2))
                links = [lane.links[name] for lane in lanes for name in names if name in lane.links]
                for link in links:
                    link.cut()
                time.sleep(away)
                self._rng.shuffle(links)
                for link in links:
                    link.restore()
            case "clock":
                if self._clock is not None:
                    self._clock.set(self._rng.choice((-3 * DAY, -HOUR, 0, HOUR, DAY, 400 * DAY)))
            case "ended agent":
                self._agent.stop()
                self._agent.start()
