"""Pairing requests with a clock of the test: codes, the token that is given once, limits, expiry."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from gevent.event import Event

from hub.contract.errors import Conflict, ContractError, NotFound, TooManyRequests, Unauthorized
from hub.devices.pairing import LIFETIME_SECONDS, Pairings
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


def tell(one: Pairings, other: Pairings, everything: bool = False) -> int:
    """Pass on what changed at one hub, as JSON does; how many requests."""
    states = one.states_here(everything)
    for state in json.loads(json.dumps(states)):
        other.state_elsewhere(state)
    return len(states)


def test_an_operator_at_another_hub_decides_and_any_hub_gives_the_token(services: Services) -> None:
    here = services.pairings
    other = Pairings(services.tokens, Event(), LIMITS, services.clock, services.clock)
    pairing, secret = here.ask("North", "station agent", AGENT)
    assert tell(here, other) == 1 and tell(here, other) == 0
    services.now += 5
    assert [one.shown() for one in other.open()] == [pairing.shown()]
    assert other.answer(pairing.id, secret) == ("waiting", "")
    other.decide(pairing.id, True, "North gate")
    assert tell(other, here) == 1
    tell(here, other, everything=True)
    state, token = here.answer(pairing.id, secret)
    assert state == "admitted" and services.tokens.name_of(token) == "North gate"
    tell(here, other)
    assert other.answer(pairing.id, secret) == ("delivered", "") and other.open() == []
    late, _ = here.ask("South", "", AGENT)
    services.now += LIFETIME_SECONDS - 10
    tell(here, other)
    services.now += 10
    assert other.open() == []
    tell(here, other, everything=True)
    assert len(other) == 0


def test_a_request_that_was_decided_stays_decided(services: Services) -> None:
    """A message of before that comes late, and two operators who decide at two hubs at the same moment."""
    here = services.pairings
    other = Pairings(services.tokens, Event(), LIMITS, services.clock, services.clock)
    pairing, secret = here.ask("North", "", AGENT)
    [before] = here.states_here(False)
    other.state_elsewhere(before)
    here.decide(pairing.id, False)
    other.decide(pairing.id, True)
    refused, admitted = here.states_here(False), other.states_here(False)
    for state in (before, *admitted):
        here.state_elsewhere(state)
    for state in (before, *refused):
        other.state_elsewhere(state)
    assert here.answer(pairing.id, secret) == other.answer(pairing.id, secret) == ("refused", "")


@pytest.mark.parametrize(
    "change",
    [{"left": "soon"}, {"left": None}, {"state": "mine"}, {"id": ""}, {"left": -1.0}, {"left": float("nan")}],
)
def test_what_another_hub_says_is_bounded(services: Services, change: dict[str, Any]) -> None:
    other = Pairings(services.tokens, Event(), LIMITS, services.clock, services.clock)
    services.pairings.ask("North", "", AGENT)
    [state] = services.pairings.states_here(False)
    with suppress(KeyError, TypeError, ValueError):
        other.state_elsewhere({**state, **change})
    assert len(other) == 0
    for number in range(LIMITS.max_pairings + 5):
        other.state_elsewhere({**state, "id": str(number), "name": "x" * 10_000, "left": 1e9})
    assert len(other) == LIMITS.max_pairings and len(other.open()[0].name) <= 200
    services.now += LIFETIME_SECONDS
    assert other.open() == []


@pytest.mark.parametrize("name", ["", "   ", None, 5, ["x"]])
def test_a_request_needs_a_name(services: Services, name: object) -> None:
    with pytest.raises(ContractError):
        services.pairings.ask(name, "camera", AGENT)
