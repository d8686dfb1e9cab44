"""Pairing requests with a clock of the test: codes, the token that is given once, limits, expiry."""

from __future__ import annotations

import pytest

from hub.contract.errors import Conflict, ContractError, NotFound, TooManyRequests, Unauthorized
from hub.devices.pairing import LIFETIME_SECONDS
from hub.settings.limits import Limits
from tests.support.access import Services

AGENT = "192.168.1.50"
LIMITS = Limits()


@pytest.fixture
def services(app) -> Services:
    return Services(app)


def test_the_token_is_given_exactly_once_after_the_operator_admits(services: Services) -> None:
    pairing, secret = services.pairings.ask("North", "station agent", AGENT)
    assert len(pairing.code) == 6 and pairing.code.isdigit() and secret not in str(pairing.shown())
    assert services.pairings.answer(pairing.id, secret) == ("waiting", "")
    with pytest.raises(Unauthorized):
        services.pairings.answer(pairing.id, "wrong")
    services.pairings.decide(pairing.id, True, "North gate")
    with pytest.raises(Unauthorized):
        services.pairings.answer(pairing.id, "")
    state, token = services.pairings.answer(pairing.id, secret)
    assert state == "admitted" and services.tokens.name_of(token) == "North gate"
    assert services.pairings.answer(pairing.id, secret) == ("delivered", "")
    assert len(services.tokens.newest_first()) == 1 and services.pairings.open() == []
    with pytest.raises(Conflict):
        services.pairings.decide(pairing.id, True)


def test_a_refused_request_gets_no_token(services: Services) -> None:
    pairing, secret = services.pairings.ask("North", "", AGENT)
    services.pairings.decide(pairing.id, False)
    assert services.pairings.answer(pairing.id, secret) == ("refused", "")
    assert services.tokens.newest_first() == []


def test_a_request_expires(services: Services) -> None:
    pairing, secret = services.pairings.ask("North", "", AGENT)
    services.now += LIFETIME_SECONDS - 1
    assert len(services.pairings.open()) == 1
    services.now += 1
    assert services.pairings.open() == []
    with pytest.raises(NotFound):
        services.pairings.answer(pairing.id, secret)


def test_requests_are_limited_for_each_sender_and_in_all(services: Services) -> None:
    services.pairings.ask("honest", "", AGENT)
    for number in range(10):
        services.pairings.ask(f"n{number}", "", "10.0.0.1")
    with pytest.raises(TooManyRequests):
        services.pairings.ask("one more", "", "10.0.0.1")
    assert len(services.pairings) == LIMITS.pairings_per_address + 1
    for number in range(10):  # the /64 of an IPv6 address is one sender
        services.pairings.ask("six", "", f"2001:db8::{number:x}")
    assert len(services.pairings) == 2 * LIMITS.pairings_per_address + 1
    for number in range(10_000):
        services.pairings.ask("flood", "", f"10.1.{number // 250}.{number % 250}")
    assert (
        len(services.pairings) == LIMITS.max_pairings
        and len({pairing.code for pairing in services.pairings.open()}) == LIMITS.max_pairings
    )


@pytest.mark.parametrize("name", ["", "   ", None, 5, ["x"]])
def test_a_request_needs_a_name(services: Services, name: object) -> None:
    with pytest.raises(ContractError):
        services.pairings.ask(name, "camera", AGENT)
