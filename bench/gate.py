"""A truck in view to its stored result: `python bench/gate.py [--seed N] [--vehicles N]`.

Runs the hub and the agent with the simulated gate, as `start_system.sh` does, on free ports over a temporary folder,
and compares the simulator's list of vehicles with what the hub stored. Prints a table with limits; the exit status is 1
when a figure falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import ROOT, HubProcess, Progress, wait_for

LIMIT_MEDIAN_S = 1.0
LIMIT_READY_S = 2.0
LIMIT_AGENT_MB = 300.0
LIMIT_HUB_MB = 120.0


def start_agent(hub: HubProcess, seed: int, captures: int, log: Path, **environ: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [
                sys.executable,
                str(ROOT / "agent.py"),
                "--instance",
                str(hub.instance),
                "--hub",
                hub.url,
                "--simulate",
                "--seed",
                str(seed),
                "--captures",
                str(captures),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            # Every vehicle has a tag of its own, so that it is found among the captures.
            env={**os.environ, "AGENT_SIMULATE_FLEET": "0", **environ},
        )


def vehicles(instance: Path) -> list[dict]:
    path = instance / "simulated_vehicles.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def peak(process: psutil.Process) -> float:
    """Resident memory of a process and its children, in MB."""
    try:
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def report(rows: list[tuple[str, str, str, bool]]) -> int:
    print(f"\n{'figure':<46} {'measured':>14}   limit")
    for name, measured, limit, good in rows:
        print(f"{name:<46} {measured:>14}   {limit}{'' if good else '   falls short'}")
    return int(not all(good for *_, good in rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vehicles", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder) / "instance")
        hub.start()
        hub.stop()
        began = time.monotonic()
        hub.start()
        ready = time.monotonic() - began
        agent = start_agent(hub, options.seed, options.vehicles, Path(folder) / "agent.txt")
        watched = psutil.Process(agent.pid)
        memory = [0.0, 0.0]
        progress = Progress()

        def over() -> bool:
            memory[0] = max(memory[0], peak(watched))
            memory[1] = max(memory[1], peak(psutil.Process(hub.process.pid)))
            progress.say(f"{len(vehicles(hub.instance))} of {options.vehicles} vehicles")
            time.sleep(0.2)
            return agent.poll() is not None

        try:
            wait_for(over, options.vehicles * 30 + 60, "the agent's end")
        finally:
            if agent.poll() is None:
                agent.send_signal(signal.SIGINT)
                agent.wait(20)
        seen = {vehicle["tag"]: vehicle for vehicle in vehicles(hub.instance)}
        stored = {row["tag"]: row for row in hub.get("/api/captures", limit=1000)["captures"]}
        hub.stop()
    readable = [tag for tag, vehicle in seen.items() if vehicle["number"] and tag in stored]
    read = [tag for tag in readable if stored[tag]["success"]]
    times = [seconds(stored[tag]["received_at"]) - seen[tag]["at"] for tag in read]
    wrong = [tag for tag, row in stored.items() if row["number"] and row["number"] != seen[tag]["number"]]
    gaps = [later["at"] - earlier["at"] for earlier, later in pairwise(seen.values())]
    print(
        f"seed {options.seed}: {len(seen)} vehicles, {len(readable)} readable and stored, {len(stored)} captures, "
        f"agent's exit status {agent.returncode}"
    )
    return report(
        [
            (
                "in view to stored, median",
                f"{statistics.median(times):.2f} s",
                f"under {LIMIT_MEDIAN_S:g} s",
                statistics.median(times) < LIMIT_MEDIAN_S,
            ),
            ("in view to stored, longest", f"{max(times):.2f} s", "-", True),
            ("readable labels read", f"{len(read)} of {len(readable)}", "all", len(read) == len(readable)),
            ("wrong numbers", str(len(wrong)), "0", not wrong),
            (
                "vehicles without a capture",
                str(len(set(list(seen)[: options.vehicles]) - set(stored))),
                "0",
                set(list(seen)[: options.vehicles]) <= set(stored),
            ),
            ("between two vehicles, longest", f"{max(gaps, default=0):.1f} s", "10 s", max(gaps, default=0) <= 10),
            ("hub ready after", f"{ready:.2f} s", f"{LIMIT_READY_S:g} s", ready < LIMIT_READY_S),
            ("agent resident, most", f"{memory[0]:.0f} MB", f"{LIMIT_AGENT_MB:g} MB", memory[0] < LIMIT_AGENT_MB),
            ("hub resident, most", f"{memory[1]:.0f} MB", f"{LIMIT_HUB_MB:g} MB", memory[1] < LIMIT_HUB_MB),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
