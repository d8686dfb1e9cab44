"""Vehicles that follow each other every eight seconds: the plate of each is read before its capture arrives."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hub.visits.evidence import Evidence
from hub.visits.joining import Joining, Rules
from hub.visits.judging import judge
from hub.visits.visit import Visit
from tests.support.visits import FakeRegister, looked_up, members, seen, tagged, vehicle

FLEET = [(f"TAG{n:04d}", f"{50_000 + n * 1373}", f"{n % 10}K{n * 7919 % 90000 + 10000}") for n in range(40)]
REGISTER = FakeRegister([vehicle(f"V{n}", [tag], [number], [plate]) for n, (tag, number, plate) in enumerate(FLEET)])
CYCLE, APART = 8.3, 5  # seconds between two vehicles; vehicles between two visits of one


def order_of(chance: random.Random, count: int) -> list[int]:
    """Which vehicle comes when: nobody comes twice within a short time."""
    order: list[int] = []
    while len(order) < count:
        free = [each for each in range(len(FLEET)) if each not in order[-2 * APART :]]
        order.append(chance.choice(free))
    return order


def traffic(chance: random.Random, count: int) -> list[tuple[float, bool, Evidence]]:
    """When each piece arrives, and whether it is of a wrong pair. One plate in eight and one number in five is unread;
    then the capture takes seconds.
    """
    order, found = order_of(chance, count), []
    for place, one in enumerate(order):
        (tag, number, plate), at = FLEET[one], 1000 + place * CYCLE
        wrong = chance.random() < 1 / 6
        if wrong:
            near = order[max(0, place - 2 * APART) : place + 2 * APART]
            others = [each for each in range(len(FLEET)) if each not in near]
            plate = FLEET[chance.choice(others)][2]
        unread = chance.random() < 1 / 5
        capture = replace(tagged(tag, at, "" if unread else number), id=f"capture {place}")
        detection = replace(seen("" if chance.random() < 1 / 8 else plate, at + 0.2), id=f"detection {place}")
        found.append((at + chance.uniform(4, 7) if unread else at + chance.uniform(0.3, 1.2), wrong, capture))
        found.append((at + 0.22, wrong, detection))
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize("seed", range(4))
def test_each_plate_belongs_to_the_capture_that_it_was_made_with(seed: int) -> None:
    arriving = traffic(random.Random(seed), 200)
    joining = Joining([], Rules(30.0, 900.0), lambda member: Visit("Gate", "gate", 0.0))
    for _, _, evidence in arriving:
        joining.join(members(REGISTER, evidence)[0])
    where = {each.evidence.id: visit for visit in joining.visits for each in visit.members}
    assert len(where) == len(arriving)
    apart = unseen = blamed = 0
    for _, wrong, evidence in arriving:
        if evidence.kind != "detection":
            continue
        visit = where[evidence.id.replace("detection", "capture")]
        apart += where[evidence.id] is not visit
        verdict = judge(
            visit.members, looked_up(REGISTER, [each.evidence for each in visit.members]), lambda plate: None
        )
        if wrong and evidence.plates:
            unseen += verdict.state != "mismatch"
        elif not wrong:
            blamed += verdict.state == "mismatch"
    assert apart <= 6 and blamed <= 2 and unseen <= 2, (apart, blamed, unseen)
