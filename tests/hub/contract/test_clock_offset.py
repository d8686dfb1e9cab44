"""How far a device's clock is from the hub's."""

from __future__ import annotations

from hub.contract.clock_offset import KEPT, ClockOffset


def test_a_device_that_tells_no_time_has_no_offset() -> None:
    clock = ClockOffset()
    clock.add(None, 1000.0)
    clock.add(1e300, 1000.0)
    clock.add(-5.0, 1000.0)
    assert clock.seconds is None


def test_one_message_that_was_delivered_late_counts_for_nothing() -> None:
    clock = ClockOffset()
    for sent, received in ((1060.0, 1000.0), (1121.0, 1060.0), (500.0, 1070.0)):
        clock.add(sent, received)
    assert clock.seconds == 60.0


def test_a_clock_that_was_set_right_is_right_after_some_messages() -> None:
    clock = ClockOffset()
    for number in range(KEPT):
        clock.add(9000.0 + number, 1000.0 + number)
    for number in range(KEPT // 2 + 1):
        clock.add(2000.0 + number, 2000.0 + number)
    assert clock.seconds == 0.0
