"""An instant on both clocks."""

from __future__ import annotations

import pytest

from agent_lib.runtime.moment import Moment

SEEN = Moment(1000.0, 500.0)


@pytest.mark.parametrize(
    ("now", "within"),
    [
        (Moment(1200.0, 700.0), True),
        (Moment(1400.0, 900.0), False),
        (Moment(90_000.0, 700.0), True),  # the clock was set ahead
        (Moment(-90_000.0, 700.0), True),  # the clock was set back
        (Moment(1200.0, 30.0), True),  # the machine was started again
        (Moment(90_000.0, 30.0), False),  # both
    ],
)
def test_one_clock_is_enough(now: Moment, within: bool) -> None:
    assert SEEN.is_within(300.0, now) is within
