"""Nothing is lost, nothing is there twice: `python bench/durability.py [--captures 1000] [--kills 10] [--seed N]`.

The agent takes captures at the simulated gate (with shorter attempts, so that each vehicle takes less time) while the
hub is killed without warning and restarted, the kills spread over the run. At the end every vehicle must have exactly
one row, with every picture.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.helpers import ROOT, HubProcess, Progress, wait_for

QUICK = '{"capture": {"retry_interval_seconds": 0.05, "max_attempts": 2}}'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captures", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quick.json").write_text(QUICK, "utf-8")
        hub = HubProcess(folder / "hub").start()
        with (folder / "agent.txt").open("ab") as output:
            agent = subprocess.Popen(
                [
                    sys.executable,
                    str(ROOT / "agent.py"),
                    "--instance",
                    str(folder / "agent"),
                    "--config",
                    str(folder / "quick.json"),
                    "--hub",
                    hub.url,
                    "--simulate",
                    "--seed",
                    str(options.seed),
                    "--captures",
                    str(options.captures),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "AGENT_SIMULATE_PAUSE": "0.05", "AGENT_SIMULATE_FLEET": "0"},
            )
        kills = 0
        progress = Progress()
        while agent.poll() is None:
            stored = hub.get("/status")["captures"]["stored"]
            progress.say(f"{stored} of {options.captures} stored, {kills} kills")
            if kills < options.kills and stored >= (kills + 1) * options.captures / (options.kills + 1):
                hub.kill()
                kills += 1
                time.sleep(0.1 * kills)  # a longer outage each time
                hub.start()
            time.sleep(0.2)
        rows = hub.captures()
        log = (folder / "agent.txt").read_text("utf-8", "replace")
        events = Counter(row["event_id"] for row in rows)
        tags = Counter(row["tag"] for row in rows)
        missing = 0
        with requests.Session() as session:
            for row in rows:
                wanted = ("primary", "secondary", "label") if row["success"] else ("primary", "secondary")
                missing += sum(
                    not row[f"{kind}_image_url"] or session.get(row[f"{kind}_image_url"], timeout=10).status_code != 200
                    for kind in wanted
                )
        wait_for(lambda: hub.get("/status")["writer"]["waiting"] == 0, what="an idle writer")
        hub.stop()
    print(
        f"seed {options.seed}, {options.captures} captures, {kills} kills, {time.monotonic() - began:.0f} s, "
        f"agent's exit status {agent.returncode}"
    )
    figures = [
        ("rows", len(rows), options.captures),
        ("events there twice", sum(count > 1 for count in events.values()), 0),
        ("tags there twice", sum(count > 1 for count in tags.values()), 0),
        ("pictures missing", missing, 0),
        ("exit status of the agent", agent.returncode, 0),
    ]
    for title, measured, wanted in figures:
        print(f"{title:<28} {measured:>6}   wanted {wanted}{'' if measured == wanted else '   falls short'}")
    failed = any(measured != wanted for _, measured, wanted in figures)
    if failed:
        print(log[-3000:], file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
