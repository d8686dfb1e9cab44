"""A register of vehicles in memory, and evidence for tests of visits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from hub.contract.plates import normalise_plate
from hub.contract.vehicles import ALLOW, NUMBER, PLATE, TAG, Identifier, KnownVehicle
from hub.contract.visits import CAPTURE, DETECTION
from hub.visits.assessment import Found
from hub.visits.evidence import Evidence, number_key, tag_key
from hub.visits.judging import known_of
from hub.visits.plates import alike
from hub.visits.visit import Member


def vehicle(
    name: str, tags: Iterable[str] = (), numbers: Iterable[str] = (), plates: Iterable[str] = (), **fields: Any
) -> KnownVehicle:
    """A vehicle of the register."""
    identifiers = [Identifier(TAG, tag_key(each)) for each in tags]
    identifiers += [Identifier(NUMBER, number_key(each)) for each in numbers]
    identifiers += [Identifier(PLATE, normalise_plate(each)) for each in plates]
    values = {"owner": "", "permission": ALLOW, **fields}
    return KnownVehicle(f"id-{name}", name, identifiers=frozenset(identifiers), **values)


class FakeRegister:
    """Implements `hub.contract.vehicles.VehicleRegister`."""

    def __init__(self, vehicles: Iterable[KnownVehicle] = ()) -> None:
        self.vehicles = list(vehicles)

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, list[KnownVehicle]]:
        return {each: self._find(each) for each in identifiers}

    def _find(self, identifier: Identifier) -> list[KnownVehicle]:
        found = [each for each in self.vehicles if identifier in each.identifiers]
        if found or identifier.kind != PLATE:
            return found
        return [each for each in self.vehicles if any(alike(identifier.value, plate) for plate in each.of_kind(PLATE))]


def tagged(tag: str, at: float, number: str = "", station: str = "scale", **fields: Any) -> Evidence:
    """A capture."""
    return Evidence(CAPTURE, f"{station}-{tag}-{number}-{at}", station, at, at, tag=tag, number=number, **fields)


def seen(plate: str, at: float, camera: str = "cam", **fields: Any) -> Evidence:
    """A detection."""
    plates = (plate,) if plate else ()
    return Evidence(DETECTION, f"{camera}-{plate}-{at}", camera, at, at, plates=plates, **fields)


def looked_up(register: FakeRegister, evidence: Iterable[Evidence]) -> Found:
    """What the register knows of evidence."""
    return register.find({key for each in evidence for key in each.keys()})


def members(register: FakeRegister, *evidence: Evidence) -> list[Member]:
    """Evidence with the vehicles that it belongs to."""
    found = looked_up(register, evidence)
    return [Member(each, known_of(each.keys(), found)) for each in evidence]


def wait(seconds: float = 0.02) -> None:
    """Let other greenlets run."""
    time.sleep(seconds)
