"""The vehicles that come to the simulated gate, and the file that records them."""

import hashlib
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_lib.simulator.records import FAMILIES

FILE_NAME = "simulated_vehicles.jsonl"
_UNREADABLE = 3
_CYCLE = 5


@dataclass(frozen=True)
class Vehicle:
    """One vehicle: tag, record family that carries it, number ("" if unreadable), and a second tag or none.

    Of a vehicle of a fleet also: `plate`, `kg`, `look` (which vehicle it looks like), and what it has of another
    vehicle, `wrong` (agent_lib.simulator.fleet).
    """

    index: int
    family: str
    tag: bytes
    number: str
    second_tag: bytes | None
    plate: str = ""
    kg: int = 0
    look: int = -1
    wrong: str = ""

    @property
    def records(self) -> list[tuple[str, bytes]]:
        """The records that the reader sends for it, the main tag first."""
        second = [("SHORT8", self.second_tag)] if self.second_tag else []
        return [(self.family, self.tag), *second]


def vehicle(seed: int, index: int) -> Vehicle:
    """Vehicle number `index` of this seed: always the same, with a unique tag.

    Of five in a row exactly one is unreadable, and not the first.
    """
    family = FAMILIES[(index + index // _CYCLE) % len(FAMILIES)]
    mark = hashlib.sha256(f"gate {seed}".encode()).digest()
    counted = index.to_bytes(4, "big")
    tag = b"\xe0" + mark[:3] + counted if family == "SHORT14" else b"\xe2\x80" + mark[:6] + counted
    rng = random.Random(f"vehicle {seed} {index}")
    number = f"{rng.randrange(100_000):05d}"
    second = rng.randbytes(2) if index % 3 == 1 else None
    return Vehicle(index, family, tag, number if is_readable(index) else "", second)


def is_readable(index: int) -> bool:
    """Whether the label of the vehicle that comes as number `index` can be read."""
    return index % _CYCLE != _UNREADABLE


def weight(seed: int, index: int) -> int:
    """What a vehicle without a fleet weighs, in kg: 7,000 to 40,000 in steps of 20."""
    return random.Random(f"weight {seed} {index}").randrange(7_000, 40_001, 20)


class VehicleLog:
    """`simulated_vehicles.jsonl`: an append-only file with a line {"tag", "number", "at"} per vehicle.

    Vehicles of a fleet also have "plate", "kg", and "wrong": "tag" or "plates" where it is that of another vehicle.
    """

    def __init__(self, instance: Path) -> None:
        self._path = Path(instance) / FILE_NAME
        self._truncated = False

    def next_index(self) -> int:
        """Number of vehicles so far. A last line truncated by a crash counts: its vehicle came."""
        lines = 0
        last = b"\n"
        try:
            with self._path.open("rb") as file:
                while block := file.read(1 << 20):
                    lines += block.count(b"\n")
                    last = block[-1:]
        except FileNotFoundError:
            return 0
        self._truncated = last != b"\n"
        return lines + self._truncated

    def append(self, arrived: Vehicle, at: float) -> None:
        """Append its line and flush it to disk. `at` is epoch seconds. Raises OSError."""
        row: dict[str, Any] = {"tag": arrived.tag.hex().upper(), "number": arrived.number, "at": round(at, 6)}
        if arrived.plate:
            row |= {"plate": arrived.plate, "kg": arrived.kg, "wrong": arrived.wrong}
        line = json.dumps(row) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(("\n" if self._truncated else "").encode() + line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._truncated = False
