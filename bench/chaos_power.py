"""Power cuts of a hub under load, for bench/chaos.py: each cut is one more state that its disk may be in."""

from __future__ import annotations

import random
import shutil
import statistics
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.support.power_cut.cuts import Cut, cut_places, replay_cuts
from tests.support.power_cut.hub_cuts import Outcome, Recording, record_hub, start_after

ACKNOWLEDGEMENTS = 200  # of one recording
CUTS = 20  # of one recording
HUBS = 2  # that start at the same time
FAIL_EVERY = 20  # flushes


def cut_power(folder: Path, cuts: int, seed: str, say: Callable[[str], None]) -> list[Outcome]:
    """Cut the power `cuts` times; what a hub that started afterwards had. Folders of failed cuts are kept.

    Half of the recordings go on where a cut of the one before has left the disk; in a third of them flushes fail.
    """
    outcomes: list[Outcome] = []
    start: tuple[Recording, Cut] | None = None
    number = 0
    while len(outcomes) < cuts:
        own = folder / f"recording-{number}"
        own.mkdir(parents=True)
        rng = random.Random(f"{seed} {number}")
        fail_every = FAIL_EVERY if number % 3 == 2 else 0
        recording = record_hub(own, f"{seed}.{number}", ACKNOWLEDGEMENTS, start, fail_every=fail_every)
        some = _start_all(recording, own, min(CUTS, cuts - len(outcomes)), rng)
        outcomes += some
        whole = [outcome.cut for outcome in some if not outcome.faults]
        start = (recording, rng.choice(whole)) if number % 2 == 0 and whole else None
        kept = start[1].folder if start is not None else None
        for outcome in some:
            if not outcome.faults and outcome.cut.folder != kept:
                shutil.rmtree(outcome.cut.folder, ignore_errors=True)
        shutil.rmtree(recording.root, ignore_errors=True)
        say(f"{len(outcomes)} of {cuts} power cuts, {sum(bool(one.faults) for one in outcomes)} with faults")
        number += 1
    return outcomes


def _start_all(recording: Recording, own: Path, cuts: int, rng: random.Random) -> list[Outcome]:
    """Start a hub on each of so many cuts of a recording, some at the same time."""
    places = cut_places(recording.log, cuts, rng)
    waiting: list[Future[Outcome]] = []
    with ThreadPoolExecutor(HUBS) as pool:
        for cut in replay_cuts(recording.root, recording.log, places, rng, own / "cuts"):
            copy = Cut(cut.number, cut.at, cut.way, cut.folder, cut.acknowledged)
            waiting.append(pool.submit(_start_copy, copy, recording))
    return [one.result() for one in waiting]


def _start_copy(cut: Cut, recording: Recording) -> Outcome:
    """Start a hub on a copy of the cut's folder, which the next recording may begin with."""
    kept = cut.folder
    cut.folder = kept.with_name(f"{kept.name}.started")
    shutil.copytree(kept, cut.folder)
    outcome = start_after(cut, recording)
    if not outcome.faults:
        shutil.rmtree(cut.folder)
        cut.folder = kept
    return outcome


def figures(outcomes: list[Outcome]) -> list[tuple[str, float, float]]:
    """Rows of the table: title, measured, limit."""
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    return [
        ("acknowledged and missing", sum("acknowledged and missing" in fault for fault in faults), 0),
        ("there twice", sum("times" in fault for fault in faults), 0),
        ("other faults", sum("missing" not in fault and "times" not in fault for fault in faults), 0),
        ("slowest restart, s", max(outcome.seconds for outcome in outcomes), 5),
        ("median restart, s", statistics.median(outcome.seconds for outcome in outcomes), 5),
    ]
