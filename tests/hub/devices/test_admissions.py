"""Devices that wait, are admitted or blocked: the services over a real store, with a clock of the test."""

from __future__ import annotations

import tracemalloc

import pytest

from hub.access.admissions import Attempt
from hub.contract.errors import Conflict, ContractError, NotFound, RequestError, Unauthorized
from hub.contract.roles import Principal, Role
from hub.settings.limits import Limits
from tests.support.access import Services

CAMERA = "192.168.1.20"
LIMITS = Limits()


@pytest.fixture
def services(app) -> Services:
    return Services(app)


def attempt(claimed: str = "CAM1", address: str = CAMERA, transport: str = "http", **sent: str) -> Attempt:
    return Attempt(address, transport, "/api/detection", claimed, sent)


def waiting(services: Services) -> list[tuple[str, str]]:
    return [(device.address, device.claimed) for device in services.known.in_state("waiting")]


def test_a_device_that_tries_waits_once_with_what_it_sent(services: Services) -> None:
    services.admissions.note(attempt(user_agent="cam/2"))
    services.now += 5
    services.admissions.note(attempt(user_agent="cam/3"))
    [device] = services.known.in_state("waiting")
    assert (device.address, device.claimed, device.tries) == (CAMERA, "CAM1", 2)
    assert device.last_seen - device.first_seen == 5
    assert device.sent == {"path": "/api/detection", "user_agent": "cam/3"}
    assert services.known.news.is_set()
    assert services.admissions.principal_of(CAMERA) is None


def test_attempts_without_an_id_are_those_of_the_device_at_that_address(services: Services) -> None:
    services.admissions.note(attempt(""))
    first = services.known.in_state("waiting")[0].id
    services.admissions.note(attempt("CAM1"))
    services.admissions.note(attempt(""))
    assert [(device.id, device.claimed) for device in services.known.in_state("waiting")] == [(first, "CAM1")]
    services.admissions.note(attempt("", address="192.168.1.21"))
    assert set(waiting(services)) == {(CAMERA, "CAM1"), ("192.168.1.21", "")}


def test_an_admitted_device_may_use_its_id_only(services: Services) -> None:
    services.admissions.note(attempt("north"))
    device = services.decisions.admit(services.known.in_state("waiting")[0].id, "North gate")
    assert services.notified == 1 and waiting(services) == []
    principal = services.admissions.principal_of(f"::ffff:{CAMERA}")
    assert principal.kind == "device" and principal.name == "North gate" and principal.ids == {"north"}
    assert principal.allows(Role.DEVICE) and not principal.allows(Role.VIEWER)
    services.now += 60
    services.admissions.check(principal, attempt("north"))
    services.admissions.check(principal, attempt("north-primary"))  # a camera of the station
    services.admissions.check(principal, attempt("CAM7", serial="north"))
    assert services.known.get(device.id).last_seen == services.now
    for claimed in ("south", "south-primary", "north-other", ""):
        with pytest.raises(Unauthorized) as refused:
            services.admissions.check(principal, attempt(claimed))
        assert refused.value.status == 401 and refused.value.body()["retry_after"] > 0
    assert (CAMERA, "south") in waiting(services)


def test_a_device_without_an_id_is_its_whole_address(services: Services) -> None:
    services.admissions.note(attempt(""))
    services.decisions.admit(services.known.in_state("waiting")[0].id)
    principal = services.admissions.principal_of(CAMERA)
    assert principal.ids is None
    services.admissions.check(principal, attempt("anything"))
    services.admissions.note(attempt("another"))
    assert waiting(services) == []


def test_admitting_the_address_covers_what_waits_there_but_not_what_is_blocked(services: Services) -> None:
    services.admissions.note(attempt("a"))
    services.admissions.note(attempt("b"))
    services.decisions.add(CAMERA, "", "whole")
    assert waiting(services) == [] and services.admissions.principal_of(CAMERA).ids is None
    other = "192.168.1.30"
    services.admissions.note(attempt("bad", other))
    services.decisions.block(services.known.in_state("waiting")[0].id)
    with pytest.raises(Conflict):
        services.decisions.add(other, "", "whole")


def test_a_blocked_device_is_refused_and_does_not_wait(services: Services) -> None:
    services.admissions.note(attempt("good"))
    services.admissions.note(attempt("bad"))
    by_claim = {device.claimed: device.id for device in services.known.in_state("waiting")}
    services.decisions.admit(by_claim["good"])
    services.decisions.block(by_claim["bad"])
    principal = services.admissions.principal_of(CAMERA)
    assert principal.ids == {"good"}
    with pytest.raises(RequestError) as refused:
        services.admissions.check(principal, attempt("bad"))
    assert refused.value.status == 403 and waiting(services) == []
    services.admissions.note(attempt("", "192.168.1.40"))
    services.decisions.block(services.known.in_state("waiting")[0].id)
    whole = services.admissions.principal_of("192.168.1.40")
    assert whole.kind == "device" and not whole.allows(Role.DEVICE)
    services.admissions.note(attempt("new name", "192.168.1.40"))
    assert waiting(services) == []


def test_decisions_outlast_a_restart_and_can_be_taken_back(app, services: Services) -> None:
    services.admissions.note(attempt("CAM1"))
    device = services.decisions.admit(services.known.in_state("waiting")[0].id, "Entry")
    services.decisions.rename(device.id, "Exit")
    services.admissions.note(attempt("CAM2", "192.168.1.21"))
    services.known.flush()
    again = Services(app)
    assert again.admissions.principal_of(CAMERA) == Principal(
        "device", "Exit", services.admissions.principal_of(CAMERA).roles, frozenset({"CAM1"})
    )
    assert waiting(again) == [("192.168.1.21", "CAM2")]
    again.decisions.remove(device.id)
    assert again.admissions.principal_of(CAMERA) is None and again.notified == 1
    assert Services(app).admissions.principal_of(CAMERA) is None
    with pytest.raises(NotFound):
        again.decisions.admit(device.id)
    with pytest.raises(ContractError):
        again.decisions.add("gate.example", "", "")


def test_a_decision_is_not_undone_by_an_older_row(app, services: Services) -> None:
    services.admissions.note(attempt("CAM1"))
    services.known.flush()
    services.admissions.note(attempt("CAM1"))  # its row is to be written again
    services.decisions.admit(services.known.in_state("waiting")[0].id)
    services.known.flush()
    assert Services(app).admissions.principal_of(CAMERA).ids == {"CAM1"}


def test_one_address_cannot_fill_the_list(services: Services) -> None:
    services.admissions.note(attempt("honest", "192.168.1.99"))
    for number in range(100):
        services.now += 1
        services.admissions.note(attempt(f"invented {number}"))
    listed = waiting(services)
    assert len(listed) == LIMITS.waiting_per_address + 1 and ("192.168.1.99", "honest") in listed


@pytest.mark.slow
def test_ten_thousand_invented_ids_leave_memory_and_decisions_as_they_were(services: Services) -> None:
    services.admissions.note(attempt("mine"))
    services.decisions.admit(services.known.in_state("waiting")[0].id)

    def flood(first: int, count: int) -> None:
        for number in range(first, first + count):
            services.now += 0.01
            address = f"10.{number // 250 % 250}.{number % 250}.7"
            services.admissions.note(
                attempt(f"x{number}" * 60, address, "udp" if number % 2 else "http", junk="y" * 999)
            )
            if number % 500 == 0:
                services.known.flush()

    tracemalloc.start()
    flood(0, 10_000)
    before = tracemalloc.get_traced_memory()[0]
    flood(10_000, 10_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(waiting(services)) <= LIMITS.max_waiting
    assert services.admissions.principal_of(CAMERA).ids == {"mine"}
    assert grown < 300_000, grown
    services.known.flush()


def test_datagrams_give_way_before_connections(services: Services) -> None:
    services.admissions.note(attempt("real", "192.168.1.99"))
    for number in range(LIMITS.max_waiting + 50):
        services.admissions.note(attempt("", f"10.0.{number // 250}.{number % 250}", "udp"))
    assert ("192.168.1.99", "real") in waiting(services)
