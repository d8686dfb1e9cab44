"""The order in which a visit is judged, and the sentences of the verdict."""

from __future__ import annotations

from hub.contract.vehicles import DENY
from hub.visits.evidence import Evidence
from hub.visits.judging import Verdict, judge
from hub.visits.visit import Member, Visit
from tests.support.visits import FakeRegister, looked_up, members, seen, tagged, vehicle

RED = vehicle("Red", ["E200 1"], ["123"], ["AB 1234"])
BLUE = vehicle("Blue", ["E2002"], ["456"], ["XY 9876"])
BARRED = vehicle("Barred", ["E2003"], [], ["QQ 5555"], permission=DENY, reason="unpaid")
REGISTER = FakeRegister([RED, BLUE, BARRED])


def verdict(*evidence: Evidence, register: FakeRegister = REGISTER, **more: object) -> tuple[Verdict, list[Member]]:
    joined = members(register, *evidence)
    return judge(joined, looked_up(register, evidence), more.pop("denied", lambda plate: None), **more), joined


def test_everything_belongs_to_one_vehicle() -> None:
    found, joined = verdict(tagged("E2001", 10, "123"), seen("AB-1234", 12))
    assert (found.state, found.vehicle, found.others) == ("ok", RED, [])
    assert found.reasons == ["Tag, number and plate belong to Red."]
    assert [each.agrees for each in joined] == [True, True]


def test_an_unread_number_and_an_unread_plate_say_nothing() -> None:
    found, joined = verdict(tagged("e2001", 10, ""), seen("", 12))
    assert found.state == "ok" and [each.agrees for each in joined] == [True, None]


def test_a_plate_of_another_vehicle_is_a_mismatch_that_names_both() -> None:
    found, joined = verdict(tagged("E2001", 10), seen("XY9876", 12))
    assert (found.state, found.vehicle, found.others) == ("mismatch", RED, [BLUE])
    assert found.reasons == ["The plate XY9876 belongs to Blue, not to Red."]
    assert [each.agrees for each in joined] == [True, False]


def test_a_number_of_another_vehicle_in_the_same_capture_is_a_mismatch() -> None:
    found, joined = verdict(tagged("E2001", 10, "456"))
    assert (found.state, joined[0].agrees) == ("mismatch", False)
    assert found.reasons == ["The number 456 belongs to Blue, not to Red."]


def test_a_clearly_different_plate_is_a_mismatch_although_nobody_has_it() -> None:
    found, _ = verdict(tagged("E2001", 10), seen("ZZ0001", 12))
    assert found.state == "mismatch"
    assert found.reasons == ["The plate ZZ0001 is not that of Red, which has the plate AB1234."]


def test_a_plate_with_one_misread_character_agrees_and_shows_it() -> None:
    found, joined = verdict(tagged("E2001", 10), seen("A81284", 12))
    assert found.state == "ok" and joined[1].agrees is True
    assert joined[1].differences == [
        {"position": 1, "read": "8", "registered": "B"},
        {"position": 4, "read": "8", "registered": "3"},
    ]
    assert "read with 8 in place of B at position 2" in " ".join(found.reasons)


def test_a_visit_shows_the_plate_that_was_read_without_a_mistake() -> None:
    """A search for the registered plate has to find it."""
    _, joined = verdict(seen("A81284", 11), seen("AB 1234", 12, "back"))
    visit = Visit("Gate", "gate", 0.0, members=joined)
    assert [bool(each.differences) for each in joined] == [True, False] and visit.read("plate") == "AB 1234"
    _, visit.members = verdict(tagged("E2001", 10), seen("XY 9876", 11), seen("A81284", 12, "back"))
    assert visit.read("plate") == "A81284"


def test_an_exact_plate_of_another_vehicle_wins_over_one_like_that_of_this() -> None:
    near = vehicle("Near", ["E9"], [], ["AB1235"])
    register = FakeRegister([RED, near])
    found, _ = verdict(tagged("E2001", 10), seen("AB1235", 12), register=register)
    assert (found.state, found.others) == ("mismatch", [near])


def test_what_a_vehicle_has_not_registered_says_nothing() -> None:
    only_tag = vehicle("Tagged", ["E7"])
    found, joined = verdict(tagged("E7", 1, "999"), seen("NEW123", 2), register=FakeRegister([only_tag]))
    assert found.state == "ok" and [each.agrees for each in joined] == [True, None]


def test_denied_comes_first_whatever_else_there_is() -> None:
    found, _ = verdict(tagged("E2001", 10), seen("QQ5555", 12))
    assert found.state == "denied"
    assert found.reasons[0] == "The plate QQ5555 belongs to Barred, which is not to be let in: unpaid."
    listed, _ = verdict(tagged("nobody", 1), seen("LL1", 2), denied=lambda plate: "It is listed.")
    assert (listed.state, listed.reasons, listed.listed) == ("denied", ["It is listed."], True)
    both, _ = verdict(seen("QQ5555", 2), denied=lambda plate: "It is listed.")
    assert (len(both.reasons), both.listed) == (1, True)
    tag, _ = verdict(tagged("E2003", 1), seen("QQ5555", 2), denied=lambda plate: "It is listed.")
    assert (len(tag.reasons), tag.listed, found.listed) == (2, False, False)


def test_what_nobody_has_is_unknown_and_named() -> None:
    found, _ = verdict(tagged("E999", 10, "77"), seen("GG7777", 12))
    assert (found.state, found.vehicle) == ("unknown", None)
    assert found.reasons == [
        "The tag E999 belongs to no vehicle of the register.",
        "The number 77 belongs to no vehicle of the register.",
        "The plate GG7777 belongs to no vehicle of the register.",
    ]
    nothing, _ = verdict(seen("", 12))
    assert nothing.reasons == ["No tag, number or plate of this vehicle was read. Look at its pictures."]


def test_a_vehicle_is_unknown_before_and_after_its_time() -> None:
    guest = vehicle("Guest", ["E8"], valid_from=100.0, valid_until=200.0)
    register = FakeRegister([guest])
    states = [verdict(tagged("E8", at), register=register)[0] for at in (50.0, 100.0, 199.0, 200.0)]
    assert [each.state for each in states] == ["unknown", "ok", "ok", "unknown"]
    assert "came before" in states[0].reasons[0] and "came after" in states[3].reasons[0]


def test_an_operator_says_which_vehicle_it_is() -> None:
    found, joined = verdict(tagged("E2001", 10), seen("XY9876", 12), claimed=BLUE.id)
    assert (found.state, found.vehicle, found.others) == ("ok", BLUE, [RED])
    assert found.reasons[0] == "An operator said that this is Blue." and joined[0].agrees is False
