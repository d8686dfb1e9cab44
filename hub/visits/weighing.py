"""Which visit a weight belongs to: the one that was seen while its vehicle stood on the scale."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hub.contract.visits import CAPTURE, DETECTION, WEIGHT
from hub.live.events import WeightSettled
from hub.visits.evidence import Evidence
from hub.visits.joining import LEFT_MARGIN, Rules
from hub.visits.places import Place, Settled
from hub.visits.visit import Member, Visit, Weight

LEAD = 5.0  # seconds before the scale was empty in which the next vehicle may have been seen
LATER = 4.0  # a record that is made after a weight is as far from it as one so many times as long before
CLEARLY_NEARER = 4.0
SEEN_ON_IT, SEEN_NEAR, STANDS = 2, 1, 0


@dataclass(frozen=True)
class Claim:
    """Why a weight may be that of a visit. `apart`: seconds between the two."""

    visit: Visit
    rank: int
    apart: float

    def is_clearly_nearer(self, other: Claim) -> bool:
        """Whether both were seen, and this one clearly nearer to the weight."""
        return min(self.rank, other.rank) > STANDS and self.apart * CLEARLY_NEARER < other.apart


class Weighing:
    """Gives the weights of a checkpoint to its visits; each method gives the visits that have changed.

    A scale settles before a vehicle's records arrive. So a weight that is not sure goes to a visit with a better claim
    when there is one, and to a vehicle that was seen long before only when no other was for `rules.join` seconds.
    """

    def __init__(self, rules: Rules, now: Callable[[], float] = time.time) -> None:
        self._rules, self._now = rules, now
        self._due: dict[str, float] = {}  # when the weights of a checkpoint are looked at again

    def overdue(self) -> list[str]:
        """The checkpoints whose weights waited long enough for a vehicle that was seen on the scale."""
        now = self._now()
        found = [key for key, at in self._due.items() if at <= now]
        for key in found:
            del self._due[key]
        return found

    def weighed(self, place: Place, event: WeightSettled) -> list[Visit]:
        """A scale has settled, or went back to zero: then a vehicle that was weighed is gone, and so is one that was
        seen before the time of a join.
        """
        if event.kg > 0:
            since = max(place.emptied.get(event.scale, 0.0), event.at - self._rules.join)
            place.weights.append(Settled(event.scale, event.kg, event.at, since))
            self._due[place.key] = event.at + self._rules.join
            return self.attach(place)
        place.emptied[event.scale] = event.at
        for settled in place.weights:
            if settled.scale == event.scale:
                settled.until = min(settled.until, event.at)
        for visit in place.visits:
            done_at = visit.weight.at if visit.weight is not None else visit.last_at + self._rules.join
            if visit.off_scale_at is None and done_at <= event.at:
                visit.off_scale_at = event.at
        return []

    def attach(self, place: Place) -> list[Visit]:
        """Give each weight to the visit with the best claim."""
        changed: list[Visit] = []
        for settled in list(place.weights):
            holder = next((visit for visit in place.visits if visit.id == settled.visit), None)
            final = self._now() - settled.at > 2 * self._rules.join
            if settled.visit and final:
                place.weights.remove(settled)
                continue
            best = self._best(place, settled, holder)
            if best is None:
                continue
            if holder is not None and best is not holder and _take_back(holder, settled):
                changed.append(holder)
            settled.visit = best.id
            if (best is not holder or best.weight is None) and _set_weight(best, settled):
                changed.append(best)
        return changed

    def _best(self, place: Place, settled: Settled, holder: Visit | None) -> Visit | None:
        """The visit that a weight belongs to; None while that is to be seen."""
        claims = [claim for visit in place.visits if (claim := self._claim(place, visit, settled)) is not None]
        free = [each for each in claims if each.visit is holder or not each.visit.was_weighed_before(settled.at)]
        if not free:
            return None
        best = max(free, key=lambda each: (each.rank, -each.apart))
        best = next((each for each in free if each.is_clearly_nearer(best)), best)
        if best.rank == STANDS and any(each.rank == SEEN_ON_IT for each in claims):
            return None  # it is of a vehicle that was weighed already
        held = next((each for each in free if each.visit is holder), None)
        if held is not None and best.rank <= held.rank and not best.is_clearly_nearer(held):
            return holder
        return best.visit

    def _claim(self, place: Place, visit: Visit, settled: Settled) -> Claim | None:
        at = settled.at
        if visit.left_at is not None and at > visit.left_at + LEFT_MARGIN:
            return None
        times = [each.at for each in visit.members if each.evidence.kind in (CAPTURE, DETECTION)]
        before = min((at - each for each in times if settled.since <= each <= at), default=None)
        if before is not None:
            return Claim(visit, SEEN_ON_IT, before)
        end = min(at + self._rules.join, settled.until)
        near = [each - at for each in times if settled.since - LEAD <= each <= end]
        if near:
            return Claim(visit, SEEN_NEAR, min(each * LATER if each > 0 else -each for each in near))
        waited = self._now() - at >= self._rules.join
        if waited and visit.started_at <= at and self._stands(place, visit, at):
            return Claim(visit, STANDS, at - visit.started_at)
        return None

    def _stands(self, place: Place, visit: Visit, at: float) -> bool:
        if visit.off_scale_at is not None and visit.last_at <= visit.off_scale_at < at:
            return False
        return at - visit.last_at <= self._rules.standing or place.stood(visit.last_at, at)


def _set_weight(visit: Visit, settled: Settled) -> bool:
    """Keep the largest weight of a visit; whether it is this one."""
    if visit.weight is not None and settled.kg <= visit.weight.kg:
        return False
    visit.remove([member for member in visit.members if member.evidence.kind == WEIGHT])
    visit.weight = Weight(settled.kg, settled.at)
    key = f"{settled.scale}:{settled.at:.3f}"
    visit.add(Member(Evidence(WEIGHT, key, settled.scale, settled.at, settled.at, kg=settled.kg)))
    return True


def _take_back(visit: Visit, settled: Settled) -> bool:
    """Take a weight from a visit again, with what it made; whether it had it."""
    if visit.weight is None or visit.weight.at != settled.at:
        return False
    visit.remove([member for member in visit.members if member.evidence.kind == WEIGHT])
    visit.weight = visit.off_scale_at = None
    if visit.net is not None:
        visit.paired_as = "taken back"  # no identity: pairing takes apart what it made
    return True
