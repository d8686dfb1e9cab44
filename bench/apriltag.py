"""AprilTag boards, games and video against their limits: `python bench/apriltag.py [--seed 1] [--only readings|video]`.

Starts a separate hub over a temporary folder for each group of figures and prints every figure beside its limit; the
exit status is 1 when one falls short. Load and hub share the machine, so run nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT), str(ROOT / "bench")]

GROUPS = {"readings": "apriltag_readings", "video": "apriltag_video"}


@dataclass
class Row:
    """One figure. `at_most`: the limit is an upper one."""

    name: str
    value: float
    unit: str
    limit: float
    at_most: bool

    @property
    def good(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def show(row: Row) -> None:
    print(
        f"{row.name:<66} {row.value:>10.3f} {row.unit:<6} {'at most' if row.at_most else 'at least':>8} "
        f"{row.limit:>8g}   {'ok' if row.good else 'FALLS SHORT'}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="seed of readings and pictures (default 1)")
    parser.add_argument("--only", choices=GROUPS, help="one group of figures")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    print(
        f"seed {options.seed}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}, "
        f"load {load:.1f}"
    )
    short = 0
    began = time.monotonic()
    for name in [options.only] if options.only else GROUPS:
        for row in importlib.import_module(GROUPS[name]).rows(options.seed):
            show(row)
            short += not row.good
    print(
        f"{time.monotonic() - began:.0f} s; "
        + (f"{short} figures fall short" if short else "every figure keeps its limit")
    )
    return 1 if short else 0


if __name__ == "__main__":
    # The groups import `Row` from this module; it must be the same class as in `__main__`.
    sys.modules["apriltag"] = sys.modules["__main__"]
    sys.exit(main())
