"""Which vehicles come to the simulated gate, and the file that says which came."""

import hashlib
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

from agent_lib.simulator.records import FAMILIES

FILE_NAME = "simulated_vehicles.jsonl"
_UNREADABLE = 3
_ROUND = 5


@dataclass(frozen=True)
class Vehicle:
    """One vehicle: its tag (and the family of records that carries it), its number ("" when nobody can read it), a
    second tag or none.
    """

    index: int
    family: str
    tag: bytes
    number: str
    second_tag: bytes | None

    @property
    def records(self) -> list[tuple[str, bytes]]:
        """What the reader sees of it, the tag that counts first."""
        second = [("SHORT8", self.second_tag)] if self.second_tag else []
        return [(self.family, self.tag), *second]


def vehicle(seed: int, index: int) -> Vehicle:
    """Vehicle number `index` of this seed: always the same, its tag shared with no other.

    Of five in a row exactly one cannot be read, and not the first.
    """
    family = FAMILIES[(index + index // _ROUND) % len(FAMILIES)]
    mark = hashlib.sha256(f"gate {seed}".encode()).digest()
    counted = index.to_bytes(4, "big")
    tag = b"\xe0" + mark[:3] + counted if family == "SHORT14" else b"\xe2\x80" + mark[:6] + counted
    rng = random.Random(f"vehicle {seed} {index}")
    number = f"{rng.randrange(100_000):05d}"
    second = rng.randbytes(2) if index % 3 == 1 else None
    return Vehicle(index, family, tag, "" if index % _ROUND == _UNREADABLE else number, second)


class VehicleLog:
    """`simulated_vehicles.jsonl`: a line {"tag", "number", "at"} for each vehicle that came into view; only ever added
    to.
    """

    def __init__(self, instance: Path) -> None:
        self._path = Path(instance) / FILE_NAME
        self._torn = False

    def next_index(self) -> int:
        """How many vehicles came so far. A last line that was cut off by a crash counts: its vehicle came."""
        lines = 0
        last = b"\n"
        try:
            with self._path.open("rb") as file:
                while block := file.read(1 << 20):
                    lines += block.count(b"\n")
                    last = block[-1:]
        except FileNotFoundError:
            return 0
        self._torn = last != b"\n"
        return lines + self._torn

    def append(self, arrived: Vehicle, at: float) -> None:
        """Write its line, on disk before this returns. `at` is epoch seconds. Raises OSError."""
        line = json.dumps({"tag": arrived.tag.hex().upper(), "number": arrived.number, "at": round(at, 6)}) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(("\n" if self._torn else "").encode() + line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._torn = False
