"""The fleet of the simulated gate: some vehicles that come again and again, now and then with a wrong pair.

Everything follows from the seed: which vehicle comes when, its tag, label number, plate and weights, and which of them
carries the tag or the plates of another one.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace

from agent_lib.simulator.sighting import is_read
from agent_lib.simulator.vehicles import Vehicle, is_readable, vehicle

COLUMNS = ("name", "owner", "permission", "reason", "tags", "numbers", "plates", "note")
"""Columns of the register's CSV files; several tags, numbers or plates of a vehicle have | between them."""
WRONG_EVERY = 6
WRONG_TAG, WRONG_PLATES = "tag", "plates"
_SMALL = 6
_LETTERS = "BCDFGHKLMNPRSTVW"
_OWNERS = ("Simulated haulage", "Simulated quarry", "Simulated farm")
_STEP_KG = 20
_NUMBER_STEP = 1373


class Fleet:
    """`size` vehicles, from 2 on."""

    def __init__(self, seed: int, size: int) -> None:
        self._seed, self.size = seed, size
        self.members = [_member(seed, number) for number in range(size)]
        # The denied one and the unknown one.
        self._special = {size - 2, size - 1} if size >= _SMALL else set[int]()
        self._order = random.Random(f"fleet {seed}").sample(range(size), size)

    def arrival(self, index: int) -> Vehicle:
        """The vehicle that comes as number `index`: each member once in `size` arrivals, always in the same order.

        Of six arrivals in a row that begin at a multiple of six mostly one has a wrong pair, never the first of all.
        Loaded and empty take turns, so that two visits make a net weight.
        """
        place = index % self.size
        member = self.members[self._order[place]]
        kg = _weights(self._seed, member.look)[(index // self.size) % 2]
        coming = replace(
            member, index=index, kg=kg, number=member.number if is_readable(index) else "", wrong=self._wrong(index)
        )
        other = self.members[self._other(index)]
        if coming.wrong == WRONG_TAG:
            return replace(coming, family=other.family, tag=other.tag, second_tag=other.second_tag)
        if coming.wrong == WRONG_PLATES:
            return replace(coming, plate=other.plate)
        return coming

    def _wrong(self, index: int) -> str:
        """What an arrival has of another vehicle: WRONG_TAG, WRONG_PLATES, or "". It can be told by what is read."""
        block = index // WRONG_EVERY
        among = range(block * WRONG_EVERY, (block + 1) * WRONG_EVERY)
        able = [each for each in among if each and is_readable(each) and is_read(each)]
        # What comes of a denied or an unknown vehicle would not be a mismatch.
        plain = [each for each in able if not {self._order[each % self.size], self._other(each)} & self._special]
        if not plain or index != random.Random(f"wrong {self._seed} {block}").choice(plain):
            return ""
        return (WRONG_TAG, WRONG_PLATES)[block % 2]

    def _other(self, index: int) -> int:
        """The member half a round away, so that no reader takes its tag for one that is still there."""
        return self._order[(index + self.size // 2) % self.size]

    def csv(self) -> str:
        """The fleet for the register. In a fleet of six or more one vehicle is denied, and one is left out: unknown."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\r\n")
        rows.writerow(COLUMNS)
        known = self.members if self.size < _SMALL else self.members[:-1]
        for number, member in enumerate(known):
            denied = self.size >= _SMALL and number == len(known) - 1
            tags = " | ".join(tag.hex().upper() for _, tag in member.records)
            numbers = _number(self._seed, number)
            permission, reason = ("deny", "Denied to show how that looks") if denied else ("allow", "")
            name, owner = f"Simulated truck {number + 1}", _OWNERS[number % len(_OWNERS)]
            rows.writerow((name, owner, permission, reason, tags, numbers, member.plate, "Of the simulated gate"))
        return out.getvalue()


def _member(seed: int, number: int) -> Vehicle:
    rng = random.Random(f"member {seed} {number}")
    plate = f"{''.join(rng.choices(_LETTERS, k=3))} {rng.randrange(1000, 10_000)}"
    return replace(vehicle(seed, number), number=_number(seed, number), plate=plate, look=number)


def _number(seed: int, number: int) -> str:
    """The number on its label; those of the first dozen differ in more than one digit."""
    first = random.Random(f"label {seed}").randrange(10)
    return f"{first}{(number * _NUMBER_STEP + 1234) % 10_000:04d}"


def _weights(seed: int, look: int) -> tuple[int, int]:
    """What a vehicle weighs loaded and empty, in kg: 7,000 to 40,000."""
    rng = random.Random(f"weight {seed} {look}")
    tare = rng.randrange(7_000, 16_001, _STEP_KG)
    return tare + rng.randrange(4_000, 24_001, _STEP_KG), tare
