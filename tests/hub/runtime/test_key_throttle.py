"""A throttle by key, with a clock of the test."""

from __future__ import annotations

from hub.runtime.key_throttle import KeyThrottle


def test_each_key_is_due_once_in_its_time() -> None:
    now = [100.0]
    throttle = KeyThrottle(1.0, 10, lambda: now[0])
    found = []
    for step in range(30):
        now[0] = 100.0 + step / 10
        found.append((throttle.due("a"), throttle.due("b")))
    assert [step for step, due in enumerate(found) if due == (True, True)] == [0, 10, 20]
    assert throttle.refused == 54


def test_without_seconds_every_key_is_due() -> None:
    throttle = KeyThrottle(0.0, 1, lambda: 100.0)
    assert throttle.due("a") and throttle.due("a") and throttle.refused == 0


def test_the_keys_are_bounded_and_the_oldest_goes_first() -> None:
    throttle = KeyThrottle(1.0, 2, lambda: 100.0)
    assert [throttle.due(key) for key in "abacab"] == [True, True, False, True, True, True]
