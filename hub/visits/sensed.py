"""What cameras report by the bus: vehicles that are present, each for a visit of its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract.visits import PRESENCE
from hub.live.events import VehicleArrived, VehicleLeft
from hub.visits.evidence import Evidence
from hub.visits.joining import Rules
from hub.visits.places import Place, Stay
from hub.visits.visit import Member, Visit


class Sensed:
    """Adds presence to visits; each method gives the visits that have changed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def arrived(self, place: Place, event: VehicleArrived) -> list[Visit]:
        """A vehicle is present; it is evidence for a visit, and begins none."""
        place.add_stay(event.stay, Stay(event.camera, event.since))
        return self.attach(place, place.visits)

    def left(self, place: Place, event: VehicleLeft) -> list[Visit]:
        """A vehicle is no longer present: later evidence is of another visit."""
        stay = place.stays.get(event.stay)
        if stay is None:
            return []
        stay.end = event.last_seen
        changed = []
        for visit in place.visits:
            if visit.id == stay.visit and event.reason == "not seen":
                visit.left_at = event.last_seen
                visit.last_at = max(visit.last_at, event.last_seen)
                changed.append(visit)
        return changed

    def attach(self, place: Place, visits: Sequence[Visit]) -> list[Visit]:
        """Give the vehicles that are present to the visits that they belong to."""
        stays = place.stays.items()
        return [visit for stay in stays if (visit := self._attach_stay(*stay, visits)) is not None]

    def _attach_stay(self, key: str, stay: Stay, visits: Sequence[Visit]) -> Visit | None:
        if stay.visit:
            return None
        near = [visit for visit in visits if self._overlaps(visit, stay)]
        if not near:
            return None
        visit = min(near, key=lambda visit: visit.distance(stay.since))
        stay.visit = visit.id
        visit.add(Member(Evidence(PRESENCE, key, stay.camera, stay.since, stay.since)))
        return visit

    def _overlaps(self, visit: Visit, stay: Stay) -> bool:
        if any(member.evidence.kind == PRESENCE and member.evidence.device == stay.camera for member in visit.members):
            return False
        join = self._rules.join
        end = stay.end if stay.end is not None else float("inf")
        return visit.started_at - join <= end and stay.since <= visit.last_at + join
