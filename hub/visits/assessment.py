"""Asks the register about the evidence of visits and judges them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from hub.contract.plates import Plate, PlateWatch, normalise_plate
from hub.contract.vehicles import DENY, Identifier, KnownVehicle, VehicleRegister
from hub.visits.evidence import Evidence
from hub.visits.judging import judge, known_of
from hub.visits.visit import Member, Visit

Found = dict[Identifier, list[KnownVehicle]]


class Assessment:
    """`register` and `watch` give those of the hub as they are now. `now`: epoch seconds."""

    def __init__(
        self,
        register: Callable[[], VehicleRegister],
        watch: Callable[[], PlateWatch],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._register, self._watch, self._now = register, watch, now

    def look_up(self, evidence: Iterable[Evidence], found: Found) -> None:
        """Add what the register knows of evidence to `found`. Raises DatabaseError or LaneBusy."""
        self._find({key for each in evidence for key in each.keys()}, found)

    def _find(self, keys: set[Identifier], found: Found) -> None:
        missing = keys - found.keys()
        if missing:
            known = self._register().find(missing)
            found.update((key, known.get(key, [])) for key in missing)

    def member(self, evidence: Evidence, found: Found) -> Member:
        """Evidence with the vehicles that it belongs to, as they were looked up."""
        return Member(evidence, known_of(evidence.keys(), found))

    def judge(self, visits: Iterable[Visit], found: Found) -> list[Visit]:
        """Judge visits; those whose verdict is another now. Raises DatabaseError or LaneBusy; nothing changed then."""
        visits = list(visits)
        self._find({key for visit in visits for member in visit.members for key in member.keys}, found)
        changed = []
        for visit in visits:
            before = _verdict(visit)
            for member in visit.members:
                member.know(known_of(member.keys, found))
            verdict = judge(visit.members, found, self._denied, visit.claimed)
            visit.state, visit.reasons, visit.listed = verdict.state, verdict.reasons, verdict.listed
            visit.vehicle = verdict.vehicle.shown() if verdict.vehicle is not None else None
            visit.others = [other.shown() for other in verdict.others]
            visit.judged_at = self._now()
            if _verdict(visit) != before:
                changed.append(visit)
        return changed

    def _denied(self, plate: str) -> str | None:
        """The sentence of the list of plates to stop, None for a plate that is not on it."""
        for match in self._watch().match([Plate(plate, normalise_plate(plate))]):
            if match.get("action") == DENY:
                reason = f": {str(match['reason']).rstrip('.')}" if match.get("reason") else ""
                like = "is" if match.get("exact", True) else f"is like {match.get('plate', '')}, which is"
                return f"The plate {plate} {like} on the list of those to be stopped{reason}."
        return None


def _verdict(visit: Visit) -> tuple[Any, ...]:
    """What judging has said of a visit."""
    members = [(member.agrees, member.differences) for member in visit.members]
    return visit.state, visit.reasons, visit.vehicle, visit.others, members
