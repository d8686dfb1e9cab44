"""Vehicles as the register knows them: what it says about a tag, a label number or a plate that was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

TAG, NUMBER, PLATE = "tag", "number", "plate"
IDENTIFIER_KINDS = (TAG, NUMBER, PLATE)
ALLOW, DENY, WATCH = "allow", "deny", "watch"
PERMISSIONS = (ALLOW, DENY, WATCH)


@dataclass(frozen=True)
class Identifier:
    """Something by which a vehicle is known: `kind` is one of IDENTIFIER_KINDS, `value` is as it is compared.

    A tag in capital letters without spaces, a number by its digits, a plate by `hub.contract.plates.normalise_plate`.
    """

    kind: str
    value: str


@dataclass(frozen=True)
class KnownVehicle:
    """A vehicle of the register. Times are epoch seconds, None where it is not limited.

    `denied_reason`: what operators read where `permission` is DENY.
    """

    id: str
    name: str
    owner: str
    permission: str
    identifiers: frozenset[Identifier]
    valid_from: float | None = None
    valid_until: float | None = None
    retired: bool = False
    reason: str = ""

    def is_valid(self, moment: float) -> bool:
        """Whether it may come at this moment."""
        return (
            not self.retired
            and (self.valid_from is None or self.valid_from <= moment)
            and (self.valid_until is None or moment < self.valid_until)
        )

    def of_kind(self, kind: str) -> list[str]:
        """Its identifiers of one kind, sorted."""
        return sorted(each.value for each in self.identifiers if each.kind == kind)

    def shown(self) -> dict[str, Any]:
        """The vehicle as a visit shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "owner": self.owner,
            "permission": self.permission,
            "reason": self.reason,
            "tags": self.of_kind(TAG),
            "numbers": self.of_kind(NUMBER),
            "plates": self.of_kind(PLATE),
        }


class VehicleRegister(Protocol):
    """The register, for what judges visits. Its methods wait for the database and do not block the event loop."""

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, list[KnownVehicle]]:
        """The vehicles that have each identifier, retired ones left out.

        A plate finds those with the same characters; where there are none, those whose plate has look-alike characters
        in their place or differs in one character (one other, one more or one fewer). Raises DatabaseError, LaneBusy.
        """


class NoVehicles:
    """A `VehicleRegister` without vehicles."""

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, list[KnownVehicle]]:
        """Nothing is known."""
        return {}
