"""Nothing is lost: `python bench/chaos.py [--minutes 10] [--seed N] [--only PART] [--soak RECORDS] [--folder DIR]`.

PART is kills, power, disk or day; without it all of them run. Ten minutes are the full measure, fewer make everything
smaller in proportion: 10,000 vehicles over 100 kills of hub, agent or both, with stops, cut links, vanishing readers
and cameras and a clock that jumps; 200 power cuts of a hub, each one more state that its disk may be in; 20 times a
full disk and back; 2,000 results of a day without a hub. `--soak 1000000` instead measures memory and handles.

Each run has another seed and prints it; `--seed` repeats one. Times of kills depend on the machine as well.
The processes work in a folder in memory where there is one, since a kill does not need a real disk and the power is cut
in a replay of what was written.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chaos_power
import chaos_soak

from tests.support.chaos.backlog import deliver_backlog
from tests.support.chaos.full_disks import run_full_disks
from tests.support.chaos.run import run_chaos
from tests.support.chaos.small_disk import NoSmallDisk
from tests.support.helpers import Progress
from tests.support.native import MISSING, compiler

MINUTES = 10.0
VEHICLES, KILLS, CUTS, CYCLES, BACKLOG = 10_000, 100, 200, 20, 2_000
IN_MEMORY = Path("/dev/shm")
Row = tuple[str, float, float]


class Parts:
    """The parts of a run. Each returns its rows (title, measured, limit) and its faults as sentences."""

    def __init__(self, folder: Path, share: float, seed: int, say: Callable[[str], None]) -> None:
        self._folder, self._share, self._seed, self._say = folder, share, seed, say

    def _scaled(self, full: int) -> int:
        return max(1, round(full * self._share))

    def kills(self) -> tuple[list[Row], list[str]]:
        vehicles, kills = self._scaled(VEHICLES), self._scaled(KILLS)
        result = run_chaos(self._new("kills"), vehicles, kills, self._seed)
        account = result.account
        self._say(f"{account.vehicles} vehicles in {result.seconds:.0f} s; {dict(result.made)}")
        return [
            ("vehicles lost", account.lost, 0),
            ("vehicles doubled", account.doubled, 0),
            ("captures out of order", account.out_of_order, 0),
            ("wrong pictures", account.wrong_pictures, 0),
            ("other faults", len(account.faults), 0),
        ], account.faults

    def power(self) -> tuple[list[Row], list[str]]:
        if compiler() is None:
            return [("not run", 1, 0)], [f"The recorder {MISSING}."]
        outcomes = chaos_power.cut_power(self._new("power"), self._scaled(CUTS), str(self._seed), self._say)
        self._say(f"{len(outcomes)} power cuts, {sum(one.acknowledged for one in outcomes)} records looked for")
        faults = [f"{one.cut}: {fault}" for one in outcomes for fault in one.faults]
        return chaos_power.figures(outcomes), faults

    def disk(self) -> tuple[list[Row], list[str]]:
        cycles = self._scaled(CYCLES)
        try:
            result = run_full_disks(self._new("disk"), cycles, self._seed)
        except NoSmallDisk as error:
            return [("not run", 1, 0)], [str(error)]
        self._say(f"{result.account.vehicles} vehicles, {result.cycles} times a full disk")
        return [
            ("full disks missing", cycles - result.cycles, 0),
            ("vehicles lost", result.account.lost, 0),
            ("vehicles doubled", result.account.doubled, 0),
            ("slowest return of the hub, s", max(result.resumed, default=0.0), 10),
            ("other faults", len(result.faults), 0),
        ], result.faults

    def day(self) -> tuple[list[Row], list[str]]:
        found = deliver_backlog(self._new("day"), self._scaled(BACKLOG))
        self._say(
            f"{found.results} waiting results in {found.seconds:.1f} s, {found.results / found.seconds:.0f} a second"
        )
        return [
            ("results lost", found.lost, 0),
            ("results doubled", found.doubled, 0),
            ("results out of order", found.out_of_order, 0),
        ], []

    def soak(self, records: int) -> tuple[list[Row], list[str]]:
        samples, wrong = chaos_soak.soak(self._new("soak"), records, self._seed, self._say)
        return chaos_soak.figures(samples, wrong), []

    def _new(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", choices=("kills", "power", "disk", "day"), action="append")
    parser.add_argument("--soak", type=int, default=0, metavar="RECORDS")
    parser.add_argument("--folder", type=Path, default=IN_MEMORY if IN_MEMORY.is_dir() else None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-chaos-", dir=options.folder))
    parts = Parts(folder, options.minutes / MINUTES, seed, Progress().say)
    wanted: dict[str, Callable[[], tuple[list[Row], list[str]]]] = {
        name: getattr(parts, name) for name in options.only or ("kills", "power", "disk", "day")
    }
    if options.soak:
        wanted = {"soak": lambda: parts.soak(options.soak)}
    failed = False
    for name, run in wanted.items():
        began = time.monotonic()
        rows, faults = run()
        print(f"\n{name}: seed {seed}, {time.monotonic() - began:.0f} s")
        for title, measured, limit in rows:
            missed = measured > limit
            failed |= missed
            print(f"  {title:<30} {measured:>10.6g}   at most {limit:g}{'   missed' if missed else ''}")
        for fault in faults[:20]:
            print(f"    {fault}")
    if failed:
        print(f"\nThe files are kept in {folder}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
