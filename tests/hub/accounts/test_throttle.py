"""The throttle of logins with a clock of the test's own."""

from __future__ import annotations

import pytest

from hub.accounts.throttle import ATTACKED, EXPIRY, FREE_TRIES, MAX_KEYS, MAX_WAIT, LoginThrottle, network_of
from hub.contract.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock)


def fail(throttle: LoginThrottle, times: int, address: str = "10.0.0.1", account: str = "ann") -> None:
    for _ in range(times):
        throttle.begin(address, account)


def wait_of(throttle: LoginThrottle, address: str = "10.0.0.1", account: str = "ann") -> int:
    """The seconds that a refused try has to wait."""
    with pytest.raises(TooManyRequests) as caught:
        throttle.begin(address, account)
    assert caught.value.retry_after is not None and str(caught.value.retry_after) in caught.value.message
    return caught.value.retry_after


def test_each_failure_after_the_free_ones_doubles_the_wait_up_to_a_minute(
    throttle: LoginThrottle, clock: Clock
) -> None:
    fail(throttle, FREE_TRIES)
    waits = []
    for _ in range(8):
        waits.append(wait_of(throttle))
        clock.time += waits[-1] - 0.01
        assert wait_of(throttle) == 1
        clock.time += 0.01
        throttle.begin("10.0.0.1", "ann")
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60] and MAX_WAIT == 60


def test_a_refused_try_does_not_make_the_wait_longer(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, FREE_TRIES)
    for _ in range(50):
        assert wait_of(throttle) == 1
    clock.time += 1
    throttle.begin("10.0.0.1", "ann")
    throttle.succeeded("10.0.0.1", "ann")
    fail(throttle, FREE_TRIES)


def test_tries_at_the_same_time_count_before_their_passwords_are_verified(throttle: LoginThrottle) -> None:
    fail(throttle, FREE_TRIES)
    assert wait_of(throttle) == 1 and throttle.refused == 1


def test_names_are_tried_from_one_address_as_if_they_were_one(throttle: LoginThrottle) -> None:
    for number in range(FREE_TRIES):
        throttle.begin("10.0.0.1", f"name {number}")
    assert wait_of(throttle, account="another") == 1


def test_another_address_is_heard_at_once(throttle: LoginThrottle) -> None:
    for number in range(3 * ATTACKED):
        throttle.begin(f"10.0.1.{number}", "ann")
    throttle.begin("10.0.0.1", "ann")
    throttle.succeeded("10.0.0.1", "ann")
    throttle.begin("10.0.0.1", "ann")


def test_an_account_that_many_addresses_try_gives_each_of_them_one_free_try(
    throttle: LoginThrottle, clock: Clock
) -> None:
    for number in range(ATTACKED):
        throttle.begin(f"10.0.1.{number}", "ann")
    throttle.begin("10.0.2.1", "ann")
    assert wait_of(throttle, "10.0.2.1") == 1
    throttle.begin("10.0.2.1", "bob")
    clock.time += EXPIRY
    fail(throttle, FREE_TRIES, "10.0.2.1")


def test_whoever_has_an_account_gets_no_free_tries_at_others(throttle: LoginThrottle) -> None:
    for _ in range(FREE_TRIES - 1):
        throttle.begin("10.0.0.1", "victim")
        throttle.begin("10.0.0.1", "own")
        throttle.succeeded("10.0.0.1", "own")
    throttle.begin("10.0.0.1", "victim")
    assert wait_of(throttle, account="victim") == 1


def test_failures_are_forgotten_after_a_while(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, FREE_TRIES)
    clock.time += EXPIRY
    fail(throttle, FREE_TRIES)
    assert wait_of(throttle) == 1


def test_what_is_remembered_is_bounded(throttle: LoginThrottle) -> None:
    for number in range(MAX_KEYS + 500):
        throttle.begin(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", f"name {number}")
    for kept in (throttle._addresses, throttle._accounts, throttle._pairs):
        assert len(kept._failures) == MAX_KEYS


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:10.0.0.1") == "::ffff:10.0.0.1" and network_of("") == ""
