"""The rate limiter by source and the throttle of log lines."""

from __future__ import annotations

from hub.access.rate_limits import LogThrottle, RateLimiter


def test_a_source_has_its_rate_and_sources_are_bounded() -> None:
    now = [0.0]
    rates = RateLimiter(20, max_sources=3, now=lambda: now[0])
    assert [rates.allow("a") for _ in range(25)] == [True] * 20 + [False] * 5 and rates.refused == 5
    assert rates.allow("b")
    now[0] = 0.5
    assert [rates.allow("a") for _ in range(12)] == [True] * 10 + [False] * 2
    now[0] = 100.0
    assert sum(rates.allow("a") for _ in range(100)) == 20
    for number in range(50):
        rates.allow(str(number))
    assert len(rates) == 3


def test_what_happens_often_is_said_seldom() -> None:
    now = [5.0]
    saying = LogThrottle(10.0, now=lambda: now[0])
    said = []
    for step in range(25):
        now[0] = 5.0 + step
        if saying.due():
            said.append(step)
    assert said == [0, 10, 20]
