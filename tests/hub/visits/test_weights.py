"""Which visit a weight belongs to."""

from __future__ import annotations

import random

from hub.live.events import WeightSettled
from hub.visits.joining import Joining, Rules
from hub.visits.places import Place
from hub.visits.visit import Link, Visit
from hub.visits.weighing import Weighing
from tests.support.visits import FakeRegister, members, seen, tagged

RULES = Rules(30.0, 900.0)


class Scale:
    """A checkpoint with a scale, at which vehicles are read by their tags and plates. Times are seconds."""

    def __init__(self) -> None:
        self.clock, self.place = 0.0, Place("gate")
        self.weighing = Weighing(RULES, lambda: self.clock)

    def read(self, tag: str, at: float, plate: str = "") -> Visit:
        """The visit that a tag, or a plate, belongs to that was read then."""
        self.clock = max(self.clock, at)
        joining = Joining(self.place.visits, RULES, lambda member: Visit("Gate", "gate", 0.0))
        [member] = members(FakeRegister([]), tagged(tag, at) if tag else seen(plate, at))
        joining.join(member)
        self.weighing.attach(self.place)
        return next(visit for visit in self.place.visits if member in visit.members)

    def settles(self, kg: float, at: float) -> None:
        """The scale has settled, or is empty."""
        self.clock = max(self.clock, at)
        self.weighing.weighed(self.place, WeightSettled("bridge", "gate", kg, at, ""))

    def wait(self, until: float) -> None:
        """Nothing happens."""
        self.clock = until
        if self.weighing.overdue():
            self.weighing.attach(self.place)


def weight_of(visit: Visit) -> float | None:
    return visit.weight.kg if visit.weight is not None else None


def test_a_vehicle_that_was_not_weighed_gets_no_weight_of_one_that_comes_after_another() -> None:
    """The third vehicle stands on the scale before its tag is read."""
    scale = Scale()
    passed = scale.read("PASSED", 0)
    weighed = scale.read("WEIGHED", 200)
    scale.settles(15_000, 205)
    scale.settles(0, 220)
    scale.settles(6_000, 240)
    third = scale.read("THIRD", 244)
    assert [weight_of(each) for each in (passed, weighed, third)] == [None, 15_000, 6_000]


def test_a_vehicle_that_waits_behind_another_is_weighed_after_it() -> None:
    """It was read shortly before the other one left the scale, or long before and again on the scale."""
    scale = Scale()
    scale.read("FIRST", 0)
    scale.settles(15_000, 5)
    behind = scale.read("BEHIND", 40)
    scale.settles(0, 60)
    scale.settles(6_000, 70)
    scale.wait(101)
    assert weight_of(behind) == 6_000

    scale = Scale()
    behind = scale.read("BEHIND", 0)
    scale.read("FIRST", 10)
    scale.settles(15_000, 12)
    scale.settles(0, 100)
    scale.settles(6_000, 110)
    assert weight_of(behind) is None
    assert weight_of(scale.read("BEHIND", 112)) == 6_000

    scale = Scale()
    scale.read("FIRST", 0)
    scale.settles(15_000, 5)
    behind = scale.read("BEHIND", 10)
    scale.settles(0, 100)
    assert scale.read("BEHIND", 105) is behind
    scale.settles(6_000, 110)
    assert weight_of(behind) == 6_000


def test_a_vehicle_that_stands_for_minutes_before_the_indicator_sends_is_weighed() -> None:
    scale = Scale()
    stands = scale.read("STANDS", 0)
    scale.settles(15_000, 300)
    scale.wait(329)
    assert weight_of(stands) is None, "another one may be read yet"
    scale.wait(331)
    assert weight_of(stands) == 15_000


def test_a_vehicle_that_comes_back_after_its_weighing_is_weighed_again() -> None:
    """It was unloaded within the time that it may stand, and nobody came in between."""
    scale = Scale()
    full = scale.read("TRUCK", 0)
    scale.settles(15_000, 5)
    assert scale.read("TRUCK", 60) is full, "it stands on the scale"
    scale.settles(0, 70)
    assert scale.read("TRUCK", 80) is full, "it drives away"
    scale.settles(6_000, 500)
    empty = scale.read("TRUCK", 503)
    assert empty is not full and (weight_of(full), weight_of(empty)) == (15_000, 6_000)


def test_a_weight_that_comes_before_the_records_of_its_vehicle_is_not_that_of_the_one_before() -> None:
    """The first vehicle was not weighed; then the scale settles a moment before each vehicle's records arrive."""
    scale, chance = Scale(), random.Random(1)
    visits = [scale.read("UNWEIGHED", 0)]
    for number in range(1, 20):
        began = number * 8.3
        scale.settles(1000.0 * number, began + 0.3)
        if chance.random() < 0.5:
            scale.read("", began + 0.2, "PLATE" + str(number) * 3)  # joined to the visit before, until the tag arrives
        visits.append(scale.read(f"TAG{number}", began + chance.choice([0.1, 0.6])))
        scale.settles(0, began + 6)
    assert [weight_of(each) for each in visits] == [None, *(1000.0 * number for number in range(1, 20))]


def test_a_vehicle_in_the_queue_takes_no_weight_of_the_one_on_the_scale() -> None:
    scale = Scale()
    on_it = scale.read("FIRST", 0)
    scale.settles(15_000, 10)
    queued = scale.read("SECOND", 15)
    scale.wait(60)
    assert (weight_of(on_it), weight_of(queued)) == (15_000, None)


def test_a_weight_that_is_taken_back_takes_back_the_net_weight() -> None:
    scale = Scale()
    first = scale.read("FIRST", 0)
    scale.settles(15_000, 20)
    first.net, first.paired_as = Link("other", 5_000), first.identity
    second = scale.read("SECOND", 20.2)
    assert (weight_of(first), weight_of(second), first.paired_as == first.identity) == (None, 15_000, False)
