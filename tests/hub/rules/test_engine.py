"""Which rules fire, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import ContractError
from hub.rules.engine import Engine
from hub.rules.rule import DEFAULTS, Happening, Kind, Rule, read_rule
from hub.rules.times import Times, is_within, span_began

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()
HOUR, DAY = 3600.0, 86_400.0


def rule(**changes: Any) -> Rule:
    made = {"id": "r", "name": "a rule", "when": {"kind": "visit"}, "pause_minutes": 0, **changes}
    return read_rule(made)


def visit(at: float = MONDAY, **changes: Any) -> Happening:
    return Happening(Kind.VISIT, changes.pop("subject", "1กก1234 at north"), "It came.", at, **changes)


def engine(*rules: Rule) -> Engine:
    made = Engine(UTC)
    made.use(rules)
    return made


@pytest.mark.parametrize(
    ("when", "happening", "fires"),
    [
        ({}, {}, True),
        ({"states": ["denied", "mismatch"]}, {"state": "denied"}, True),
        ({"states": ["denied", "mismatch"]}, {"state": "ok"}, False),
        ({"checkpoint": "North"}, {"checkpoint": "north"}, True),
        ({"checkpoint": "North"}, {"checkpoint": "south"}, False),
        ({"permission": "deny"}, {"permission": "allow"}, False),
        ({"vehicle": "v1"}, {"vehicle": "v1"}, True),
        ({"device": "cam1"}, {"device": "cam2"}, False),
    ],
)
def test_every_condition_counts(when: dict[str, Any], happening: dict[str, Any], fires: bool) -> None:
    assert bool(engine(rule(when={"kind": "visit", **when})).fires(visit(**happening))) is fires


@pytest.mark.parametrize(
    ("happening", "fires"),
    [
        ({"device_kind": "camera", "device": "cam1", "checkpoint": "1"}, True),
        ({"device_kind": "camera", "device": "cam2", "checkpoint": "1"}, False),
        ({"device_kind": "station", "device": "cam1", "checkpoint": "1"}, False),
        ({"device_kind": "camera", "device": "cam2", "checkpoint": "NORTH  gate"}, True),
    ],
)
def test_a_checkpoint_is_the_one_that_operators_gave_a_device_or_its_own(
    happening: dict[str, Any], fires: bool
) -> None:
    labels = {("camera", "cam1"): ("North gate", "in")}
    made = Engine(UTC, lambda kind, device: labels.get((kind, device), ("", "")))
    made.use([rule(when={"kind": "visit", "checkpoint": "north gate"})])
    assert bool(made.fires(visit(**happening))) is fires


def test_a_rule_that_is_off_or_about_something_else_does_not_fire() -> None:
    assert not engine(rule(enabled=False)).fires(visit())
    other = engine(rule(when={"kind": "capture"}))
    assert not other.fires(visit()) and not other.wants(Kind.VISIT) and other.wants(Kind.CAPTURE)


def test_the_pause_is_of_each_subject() -> None:
    made = engine(rule(pause_minutes=10))
    assert made.fires(visit()) and not made.fires(visit(MONDAY + 599))
    assert made.fires(visit(subject="another", at=MONDAY + 1))
    assert made.fires(visit(MONDAY + 600))


def test_during_quiet_times_nobody_is_told_but_by_mail_where_that_is_wanted() -> None:
    quiet = [{"days": [0], "begin": "11:00", "end": "13:00"}]
    then = {"banner": True, "webhook": True, "mail": ["gate@example.com"]}
    [silent] = engine(rule(quiet=quiet, then=then)).fires(visit())
    assert silent.quiet and not silent.told.banner and not silent.told.webhook and silent.told.mail == []
    [mailed] = engine(rule(quiet=quiet, then=then, quiet_mail=True)).fires(visit())
    assert mailed.told.mail == ["gate@example.com"] and not mailed.told.banner
    [loud] = engine(rule(quiet=quiet, then=then)).fires(visit(MONDAY + HOUR))
    assert not loud.quiet and loud.told.banner


def silent(since: float, at: float) -> Happening:
    return Happening(Kind.CAMERA_SILENT, "cam", "silent", at, device="cam", silent_since=since)


def test_a_silence_is_told_once_until_it_was_heard_again() -> None:
    made = engine(rule(when={"kind": "camera_silent", "minutes": 30}))
    assert not made.fires(silent(MONDAY, MONDAY + 1799))
    assert made.fires(silent(MONDAY, MONDAY + 1800))
    assert not made.fires(silent(MONDAY, MONDAY + 5 * HOUR))
    assert not made.fires(silent(MONDAY + 5 * HOUR, MONDAY + 5 * HOUR + 60))
    assert made.fires(silent(MONDAY + 5 * HOUR, MONDAY + 5.5 * HOUR))


def test_a_silence_counts_within_the_times_of_the_rule_only() -> None:
    """A camera that was silent all night is told of half an hour after work has begun."""
    [camera, _] = DEFAULTS
    made = engine(camera)
    morning = datetime(2026, 11, 24, 6, 0, tzinfo=UTC).timestamp()
    night = morning - 8 * HOUR
    assert not made.fires(silent(night, morning - 1))
    assert not made.fires(silent(night, morning + 1799))
    assert made.fires(silent(night, morning + 1800))


def test_times_go_over_midnight_and_over_the_end_of_the_week() -> None:
    sunday_night = Times(days=[6], begin="22:00", end="05:00")
    sunday = datetime(2026, 11, 22, 23, 0, tzinfo=UTC).timestamp()
    assert is_within([sunday_night], sunday, UTC) and is_within([sunday_night], sunday + 5 * HOUR, UTC)
    assert not is_within([sunday_night], sunday + 6 * HOUR, UTC)
    assert not is_within([sunday_night], sunday - 2 * HOUR, UTC)


def test_times_are_those_of_the_site() -> None:
    morning = Times(days=[0], begin="06:00", end="07:00")
    at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp()
    assert is_within([morning], at, timezone(timedelta(hours=7))) and not is_within([morning], at, UTC)


@given(st.lists(st.builds(Times), min_size=1, max_size=3), st.floats(MONDAY, MONDAY + 14 * DAY))
def test_whole_days_are_always(times: list[Times], at: float) -> None:
    began = span_began(times, at, UTC)
    assert began is not None and began <= at - 6 * DAY


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=7),
    st.times(),
    st.times(),
    st.floats(MONDAY - 30 * DAY, MONDAY + 30 * DAY),
)
def test_a_span_begins_before_the_moment_that_is_in_it(days: list[int], begin: Any, end: Any, at: float) -> None:
    times = [Times(days=days, begin=begin.strftime("%H:%M"), end=end.strftime("%H:%M"))]
    began = span_began(times, at, UTC)
    assert began is None or began <= at
    assert is_within(times, at, UTC) is (began is not None)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"when": {"kind": "nothing"}}, "when.kind"),
        ({"when": {"kind": "visit", "states": ["great"]}}, "states are"),
        ({"when": {"kind": "visit", "times": [{"days": [9]}]}}, "0 (Monday)"),
        ({"when": {"kind": "visit", "times": [{"begin": "6 o'clock"}]}}, "06:00"),
        ({"then": {"banner": False}}, "tells nobody"),
        ({"then": {"mail": ["nobody"]}}, "no address"),
        ({"then": {"mail": ["a@example.com\r\nBcc: b@example.com"]}}, "no address"),
        ({"name": ""}, "name"),
        ({"pause_minutes": -1}, "pause_minutes"),
    ],
)
def test_what_cannot_be_a_rule_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ContractError) as error:
        rule(**changes)
    assert any(named in each for each in error.value.errors), error.value.errors
