"""What sensors report by the bus: vehicles that are present, and weights, each for a visit of its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract.visits import PRESENCE, WEIGHT
from hub.live.events import VehicleArrived, VehicleLeft, WeightSettled
from hub.visits.evidence import Evidence
from hub.visits.joining import LEFT_MARGIN, Rules
from hub.visits.places import Place, Settled, Stay
from hub.visits.visit import Member, Visit, Weight


class Sensed:
    """Adds presence and weights to visits; each method gives the visits that have changed."""

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

    def weighed(self, place: Place, event: WeightSettled) -> list[Visit]:
        """A scale has settled, or went back to zero: then a vehicle that was weighed is gone, and so is one that was
        seen before the time of a join.
        """
        if event.kg <= 0:
            for visit in place.visits:
                done_at = visit.weight.at if visit.weight is not None else visit.last_at + self._rules.join
                if visit.off_scale_at is None and done_at <= event.at:
                    visit.off_scale_at = event.at
            return []
        place.weights.append(Settled(event.scale, event.kg, event.at))
        return self.attach(place, place.visits)

    def attach(self, place: Place, visits: Sequence[Visit]) -> list[Visit]:
        """Give what waits to the visits that it belongs to."""
        changed = [visit for stay in place.stays.items() if (visit := self._attach_stay(*stay, visits)) is not None]
        for settled in list(place.weights):
            visit = self._weighed_visit(place, settled, visits)
            if visit is not None:
                place.weights.remove(settled)
                if self._set_weight(visit, settled):
                    changed.append(visit)
        return changed

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

    def _weighed_visit(self, place: Place, settled: Settled, visits: Sequence[Visit]) -> Visit | None:
        """The visit that stands on the scale: the newest that has begun and has not left, else one about to begin."""
        begun = [visit for visit in visits if visit.started_at <= settled.at and self._stands(place, visit, settled.at)]
        if begun:
            return max(begun, key=lambda visit: visit.started_at)
        near = [visit for visit in visits if settled.at < visit.started_at <= settled.at + self._rules.join]
        return min(near, key=lambda visit: visit.started_at) if near else None

    def _stands(self, place: Place, visit: Visit, at: float) -> bool:
        if visit.off_scale_at is not None and at > visit.off_scale_at:
            if visit.weight is not None or visit.last_at <= visit.off_scale_at:
                return False
        if visit.left_at is not None and at > visit.left_at + LEFT_MARGIN:
            return False
        return at - visit.last_at <= self._rules.standing or place.stood(visit.last_at, at)

    @staticmethod
    def _set_weight(visit: Visit, settled: Settled) -> bool:
        """Keep the largest weight of a visit; whether it is this one."""
        if visit.weight is not None and settled.kg <= visit.weight.kg:
            return False
        visit.remove([member for member in visit.members if member.evidence.kind == WEIGHT])
        visit.weight = Weight(settled.kg, settled.at)
        key = f"{settled.scale}:{settled.at:.3f}"
        visit.add(Member(Evidence(WEIGHT, key, settled.scale, settled.at, settled.at, kg=settled.kg)))
        return True
