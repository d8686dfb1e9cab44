"""Which visit a weight belongs to."""

from __future__ import annotations

from hub.live.events import WeightSettled
from hub.visits.joining import Joining, Rules
from hub.visits.places import Place
from hub.visits.sensed import Sensed
from hub.visits.visit import Visit
from tests.support.visits import FakeRegister, members, tagged

RULES = Rules(30.0, 900.0)


class Scale:
    """A checkpoint with a scale, at which vehicles are read by their tags. Times are seconds."""

    def __init__(self) -> None:
        self.place, self.sensed = Place(), Sensed(RULES)

    def read(self, tag: str, at: float) -> Visit:
        """The visit that a tag belongs to that was read just now."""
        joining = Joining(self.place.visits, RULES, lambda member: Visit("Gate", "gate", 0.0))
        joining.join(members(FakeRegister([]), tagged(tag, at))[0])
        self.sensed.attach(self.place, joining.changed)
        return joining.changed[0]

    def settles(self, kg: float, at: float) -> None:
        """The scale has settled, or is empty."""
        self.sensed.weighed(self.place, WeightSettled("bridge", "gate", kg, at, ""))


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
    assert weight_of(behind) == 6_000

    scale = Scale()
    behind = scale.read("BEHIND", 0)
    scale.read("FIRST", 10)
    scale.settles(15_000, 12)
    scale.settles(0, 100)
    scale.settles(6_000, 110)
    assert weight_of(behind) is None
    assert weight_of(scale.read("BEHIND", 115)) == 6_000

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
