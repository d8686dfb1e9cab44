"""Joining of evidence: by identity and by time, whatever the order of arrival."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from hub.contract.visits import EVIDENCE_KINDS
from hub.visits import joining as joining_module
from hub.visits import relations
from hub.visits.evidence import Evidence, evidence_of
from hub.visits.joining import Joining, Rules
from hub.visits.relations import related, relatives
from hub.visits.visit import Member, Visit
from tests.support.visits import FakeRegister, members, seen, tagged, vehicle

FLEET = [vehicle(f"V{n}", [f"TAG{n:04d}"], [], [f"{n % 10}K{n * 7919 % 90000 + 10000}"]) for n in range(40)]
REGISTER = FakeRegister(FLEET)
RULES = Rules(30.0, 900.0)


def plate_of(number: int) -> str:
    return FLEET[number].of_kind("plate")[0]


def joined(evidence: Iterable[Evidence], **more: object) -> list[list[str]]:
    """The ids of the evidence of each visit, in the order of time."""
    joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0), **more)
    for each in members(REGISTER, *evidence):
        joining.join(each)
    visits = sorted(joining.visits, key=lambda visit: visit.started_at)
    return [[each.evidence.id for each in sorted(visit.members, key=lambda each: each.at)] for visit in visits]


def test_a_tag_and_a_plate_a_few_seconds_apart_are_one_visit() -> None:
    one, two = tagged("nobody", 100), seen("UNKNOWN1", 119)
    assert joined([one, two]) == joined([two, one]) == [[one.id, two.id]]


def test_what_is_too_far_apart_is_two_visits() -> None:
    assert len(joined([tagged("nobody", 100), seen("UNKNOWN1", 131)])) == 2


def test_two_tags_of_one_station_and_two_plates_of_one_camera_are_two_vehicles() -> None:
    assert len(joined([tagged("A", 100), tagged("B", 101)])) == 2
    assert len(joined([seen("AAAA11", 100), seen("BBBB22", 101)])) == 2
    assert len(joined([seen("AAAA11", 100, "front"), seen("BBBB22", 101, "back")])) == 1


def test_a_standing_vehicle_is_one_visit_however_long() -> None:
    assert len(joined([seen(plate_of(1), at) for at in range(0, 3600, 600)])) == 1
    assert len(joined([seen(plate_of(1), 0), seen(plate_of(1), 1000)])) == 2


def test_presence_bridges_a_time_without_records() -> None:
    assert len(joined([seen(plate_of(1), 0), seen(plate_of(1), 3500)], stood=lambda begin, end: True)) == 1


def test_another_vehicle_in_between_ends_a_visit() -> None:
    assert len(joined([seen(plate_of(1), 0), tagged("TAG0002", 300), seen(plate_of(1), 600)])) == 3


def test_a_vehicle_that_left_begins_a_new_visit() -> None:
    joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0))
    first, second = members(REGISTER, seen(plate_of(1), 0), seen(plate_of(1), 20))
    joining.join(first)
    joining.visits[0].left_at = 5.0
    joining.join(second)
    assert len(joining.visits) == 2


def test_a_camera_that_faces_the_other_way_joins_only_what_it_names() -> None:
    came = tagged("TAG0001", 0, facing="in")
    assert len(joined([came, seen("UNKNOWN1", 5, facing="out")])) == 2
    assert len(joined([came, seen(plate_of(1), 5, facing="out")])) == 1


def test_a_vehicle_that_passes_a_camera_of_the_other_way_later_is_leaving() -> None:
    came, left = seen(plate_of(1), 0, "entry", facing="in"), seen(plate_of(1), 600, "exit", facing="out")
    assert joined([came, left]) == joined([left, came]) == [[came.id], [left.id]]
    still = seen(plate_of(1), 20, "exit", facing="out")
    assert len(joined([came, still])) == 1
    assert len(joined([came, left], stood=lambda begin, end: True)) == 1


def test_a_misread_plate_joins_its_vehicle() -> None:
    wrong = "9" + plate_of(3)[1:]
    assert len(joined([seen(plate_of(3), 0), seen(wrong, 200), tagged("TAG0003", 210)])) == 1


def test_a_guess_is_taken_back_when_the_right_evidence_arrives() -> None:
    """The plate of the second vehicle arrives first, then the tag of the first."""
    plate_b, tag_a, tag_b, plate_a = (
        seen(plate_of(2), 14),
        tagged("TAG0001", 0),
        tagged("TAG0002", 10),
        seen(plate_of(1), 4),
    )
    expected = [[tag_a.id, plate_a.id], [tag_b.id, plate_b.id]]
    assert joined([plate_b, tag_a, tag_b, plate_a]) == expected
    assert joined([tag_a, plate_b, plate_a, tag_b]) == expected


def test_a_plate_that_names_nobody_here_goes_to_the_vehicle_that_it_was_seen_with() -> None:
    """The plate of a third vehicle arrives before the tag that it was seen with, while one without a plate is there."""
    first, wrong, second = tagged("TAG0001", 0), seen(plate_of(9), 8.2), tagged("TAG0002", 8.4)
    assert joined([first, wrong, second]) == [[first.id], [wrong.id, second.id]]
    unknown = seen("UNKNOWN1", 17.5)
    third = tagged("TAG0003", 17.9)
    assert joined([first, unknown, third]) == [[first.id], [unknown.id, third.id]]
    nearer = tagged("TAG0003", 30)
    assert joined([first, wrong, nearer]) == [[first.id, wrong.id], [nearer.id]]


def test_the_vehicle_that_was_there_first_keeps_the_visit_when_it_is_split() -> None:
    """The plate of the next vehicle arrives before its tag, while the first one has no plate."""
    joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0))
    first, early, second = members(REGISTER, tagged("TAG0001", 0), seen(plate_of(2), 8), tagged("TAG0002", 8.5))
    for each in (first, early):
        joining.join(each)
    (visit,) = joining.visits
    joining.join(second)
    assert joining.visits[0] is visit and visit.members == [first] and visit.last_at == 0
    assert joining.visits[1].members == [second, early] and joining.changed == joining.visits


def test_corrected_evidence_moves_to_its_vehicle_and_else_stays() -> None:
    """A plate of vehicle 2 was read as that of vehicle 1."""

    def corrected(plate: str, at: float = 12.0) -> tuple[list[list[str]], Visit | None, Visit]:
        joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0))
        for each in members(REGISTER, tagged("TAG0001", 0), tagged("TAG0002", 10), seen(plate_of(1), at)):
            joining.join(each)
        wrong = joining.visits[0]
        [now] = members(REGISTER, seen(plate, at))
        wrong.members[-1] = now
        target = joining.correct(now, wrong)
        found = [[each.evidence.device for each in visit.members] for visit in joining.visits]
        return found, target, wrong

    found, target, wrong = corrected(plate_of(2))
    assert found == [["scale"], ["scale", "cam"]] and target is not wrong and wrong.last_at == 0
    for stays in (plate_of(1), plate_of(1)[:-1] + "X", "NOBODY77", ""):
        found, target, wrong = corrected(stays)
        assert found == [["scale", "cam"], ["scale"]] and target is wrong


def test_repeated_evidence_is_counted_and_not_kept() -> None:
    joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0))
    for each in members(REGISTER, *(seen(plate_of(1), at) for at in range(100))):
        joining.join(each)
    (visit,) = joining.visits
    assert (len(visit.members), visit.dropped, visit.started_at, visit.last_at) == (10, 90, 0, 99)
    assert [member.at for member in visit.members] == [0, 1, 2, 3, 4, 95, 96, 97, 98, 99]


@given(st.randoms(use_true_random=False), st.integers(2, 12))
def test_vehicles_of_the_register_are_one_visit_each_in_any_order(chance: random.Random, count: int) -> None:
    """Vehicles close behind each other, their evidence up to 20 seconds apart and out of order."""
    evidence: list[Evidence] = []
    expected = []
    for number in range(count):
        at = number * 12.0
        own = [tagged(f"TAG{number:04d}", at), seen(plate_of(number), at + chance.uniform(-10, 10))]
        evidence += own
        expected.append({each.id for each in own})
    chance.shuffle(evidence)
    found = joined(evidence)
    assert len(found) == count and all(set(each) in expected for each in found)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans(), st.floats(0, 5000)), max_size=40))
def test_no_evidence_is_lost_or_doubled(given_: list[tuple[str, bool, float]]) -> None:
    evidence = [
        tagged(name, at, id_suffix) if is_tag else seen(name * 5, at)
        for place, (name, is_tag, at) in enumerate(given_)
        for id_suffix in [str(place)]
    ]
    joining = Joining([], RULES, lambda member: Visit("Gate", "gate", 0.0))
    for each in members(REGISTER, *evidence):
        joining.join(each)
    assert all(visit.members for visit in joining.visits)
    assert sum(len(visit.members) + visit.dropped for visit in joining.visits) == len(evidence)


@given(st.builds(Evidence, st.sampled_from(EVIDENCE_KINDS), st.text(), st.text(), st.floats(allow_nan=False)))
def test_evidence_is_read_as_it_was_stored(evidence: Evidence) -> None:
    assert evidence_of(evidence.stored()) == evidence


def test_evidence_that_was_stored_without_the_name_of_its_station_can_be_read() -> None:
    assert evidence_of({"kind": "capture", "id": "1", "tag": "A"}) == Evidence("capture", "1", "", 0.0, tag="A")


def test_relatives_are_those_that_a_comparison_of_all_with_all_finds() -> None:
    dice = random.Random(7)
    for _ in range(200):
        names = [seen(plate_of(dice.randrange(3)), 100.0 + n, dice.choice(("front", "back"))) for n in range(9)]
        names += [tagged(f"TAG{dice.randrange(3):04d}", 100.0), seen("", 101.0, "front"), seen("", 102.0, "front")]
        dice.shuffle(names)
        all_ = list(members(REGISTER, *names))
        seeds = all_[: dice.randrange(1, 3)]
        found: list[Member] = list(seeds)
        while more := [one for one in all_ if one not in found and any(related(each, one) for each in found)]:
            found += more
        assert set(map(id, relatives(seeds, all_))) == set(map(id, found))


def test_evidence_that_repeats_itself_is_compared_once(monkeypatch) -> None:
    compared = 0

    def counted(one: Member, other: Member) -> bool:
        nonlocal compared
        compared += 1
        return related(one, other)

    evidence = [seen(f"{camera}AB1234", 100.0 + n / 100, f"camera {camera}") for n in range(30) for camera in range(4)]
    assert len(joined(evidence)) == 1
    for module in (joining_module, relations):
        monkeypatch.setattr(module, "related", counted)
    joined(evidence)
    assert compared < 30 * len(evidence)  # a visit has 40 pieces, 10 of each camera
