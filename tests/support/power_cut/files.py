"""Every state of a small file after a power cut while a program makes it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.power_cut.cuts import replay_cuts
from tests.support.power_cut.recorder import Recorder
from tests.support.power_cut.records import read_records
from tests.support.power_cut.survivors import WAYS

ROUNDS = 3


def contents_after_cuts(folder: Path, name: str, program: str) -> set[bytes | None]:
    """What the file `name` may hold after a cut at any step of a Python program; None: it is not there.

    The program gets the folder, which is not there yet, as its first argument. `name` is below that.
    """
    root, log = folder / "disk", folder / "log"
    recorder = Recorder(root, log)
    recorder.run("-c", program, str(root / "instance"))
    recorder.close()
    found: set[bytes | None] = set()
    last = len(list(read_records(log)))
    for way in WAYS:
        for number in range(ROUNDS if way in ("torn", "shuffled") else 1):
            rng = random.Random(f"{way} {number}")
            for cut in replay_cuts(root, log, range(1, last + 1), rng, folder / f"{way}{number}", [way]):
                path = cut.folder / "instance" / name
                found.add(path.read_bytes() if path.exists() else None)
    return found


def content_after_the_end(folder: Path, name: str) -> bytes | None:
    """What the file holds after a cut when the program of `contents_after_cuts` had ended, where only flushes count."""
    root, log = folder / "disk", folder / "log"
    last = len(list(read_records(log)))
    (cut,) = replay_cuts(root, log, [last], random.Random(0), folder / "end", ["flushed"])
    path = cut.folder / "instance" / name
    return path.read_bytes() if path.exists() else None
