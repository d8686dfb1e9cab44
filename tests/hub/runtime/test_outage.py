"""Failures in a row: how long to wait, what to log, when to warn."""

from __future__ import annotations

from hub.runtime.outage import WARN_SECONDS, Outage


def test_the_pause_grows_to_its_last_step_and_begins_anew() -> None:
    outage = Outage((1.0, 5.0), lambda: 0.0)
    pauses = []
    for _ in range(3):
        outage.failed("refused")
        pauses.append(outage.pause)
    assert pauses == [1.0, 5.0, 5.0]
    assert (outage.over(), outage.over(), outage.problem) == (True, False, "")
    outage.failed("refused")
    assert outage.pause == 1.0


def test_a_reason_is_worth_a_line_when_it_is_another() -> None:
    outage = Outage((1.0,), lambda: 0.0)
    assert [outage.failed(reason) for reason in ("a", "a", "b", "a")] == [True, False, True, True]


def test_it_is_worth_a_warning_once_it_has_lasted() -> None:
    now = [100.0]
    outage = Outage((1.0,), lambda: now[0])
    assert outage.since_when is None
    outage.failed("a")
    now[0] += WARN_SECONDS - 1
    outage.failed("b")
    assert (outage.since, outage.since_when) == (100.0, None)
    now[0] += 1
    assert outage.since_when == 100.0
