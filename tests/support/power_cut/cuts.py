"""Cuts at places of a recording."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.power_cut.disk import Disk
from tests.support.power_cut.records import read_records
from tests.support.power_cut.survivors import WAYS, Survivors


@dataclass
class Cut:
    """The state after a cut, in `folder`. `at`: how many records had been made; `acknowledged`: until then."""

    number: int
    at: int
    way: str
    folder: Path
    acknowledged: list[bytes]

    def __str__(self) -> str:
        return f"cut {self.number} after record {self.at}, {self.way}"


def cut_places(log: Path, count: int, rng: random.Random) -> list[int]:
    """Numbers of records to cut after, ascending: half of them close to a flush, a rename or an acknowledgement."""
    kinds = [record.kind for record in read_records(log)]
    first = sum(kind in "IJ" for kind in kinds)
    close = [place for place, kind in enumerate(kinds, 1) if kind in "BEAR"]
    places = [
        rng.choice(close) + rng.randint(-2, 2) if number % 2 else rng.randint(first, len(kinds))
        for number in range(count)
    ]
    return sorted(min(max(place, first), len(kinds)) for place in places)


def replay_cuts(
    root: Path, log: Path, places: Sequence[int], rng: random.Random, folder: Path, ways: Sequence[str] = WAYS
) -> Iterator[Cut]:
    """The states after cuts at `places`, which ascend, each in a new folder below `folder`."""
    disk = Disk(root.resolve())
    acknowledged: list[bytes] = []
    waiting = list(enumerate(places))
    for at, record in enumerate(read_records(log), 1):
        if record.kind == "A":
            acknowledged.append(record.data)
        else:
            disk.replay(record)
        while waiting and waiting[0][1] == at:
            number, _ = waiting.pop(0)
            way = rng.choice(list(ways))
            target = folder / f"{number}-{at}-{way}"
            Survivors(disk, way, rng).write(target)
            yield Cut(number, at, way, target, list(acknowledged))
