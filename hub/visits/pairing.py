"""Pairs visits of one vehicle: in and out to a stay, two weights to a net weight."""

from __future__ import annotations

from collections.abc import Callable

from hub.visits.repository import VisitRepository
from hub.visits.visit import Link, Visit

MAX_STAY_SECONDS = 30 * 86_400.0
LOOKED_AT = 10  # visits before and after
OTHER_WAY = {"in": "out", "out": "in"}


class Pairing:
    """`canonical`: the visit in memory for one that was loaded. Methods raise DatabaseError or LaneBusy."""

    def __init__(
        self,
        repository: VisitRepository,
        canonical: Callable[[Visit], Visit],
        find: Callable[[str], Visit | None],
        net_seconds: float,
    ) -> None:
        """`find`: a visit by its id, in memory or stored."""
        self._repository, self._canonical, self._find, self._net_seconds = repository, canonical, find, net_seconds

    def pair(self, visit: Visit) -> list[Visit]:
        """Pair a visit that was judged; the other visits that have changed by it."""
        changed = self._unpair(visit) if visit.paired_as and visit.paired_as != visit.identity else []
        if visit.identity and visit.direction and visit.stay is None:
            changed += self._pair_stay(visit)
        if visit.weight is not None and visit.identity.startswith(("vehicle:", "tag:")):
            changed += self._pair_weights(visit)
        return list({other.id: other for other in changed}.values())

    def _unpair(self, visit: Visit) -> list[Visit]:
        """The vehicle of a visit is another now: what it made with others is void."""
        changed = []
        for link in (visit.stay, visit.net):
            other = self._find(link.visit) if link is not None else None
            if other is not None:
                if other.stay is not None and other.stay.visit == visit.id:
                    other.stay = None
                if other.net is not None and other.net.visit == visit.id:
                    other.net = None
                    if other.weight is not None:
                        other.weight.kind = ""
                changed.append(other)
        visit.stay = visit.net = None
        visit.paired_as = ""
        if visit.weight is not None:
            visit.weight.kind = ""
        return changed

    def _pair_stay(self, visit: Visit) -> list[Visit]:
        later = visit.direction == "in"
        others = [other for other in self._others(visit, later, MAX_STAY_SECONDS) if other.direction]
        if not others or others[0].direction != OTHER_WAY[visit.direction] or others[0].stay is not None:
            return []
        other = others[0]
        came, went = (visit, other) if later else (other, visit)
        seconds = round(max(0.0, went.last_at - came.started_at), 1)
        visit.stay, other.stay = Link(other.id, seconds), Link(visit.id, seconds)
        visit.paired_as, other.paired_as = visit.identity, other.identity
        return [other]

    def _pair_weights(self, visit: Visit) -> list[Visit]:
        other = self._find(visit.net.visit) if visit.net is not None else None
        if other is None:
            for later in (False, True):
                weighed = [each for each in self._others(visit, later, self._net_seconds) if _differ(each, visit)]
                if weighed and weighed[0].net is None:
                    other = weighed[0]
                    break
        if other is None or other.weight is None or visit.weight is None:
            return []
        net = round(abs(visit.weight.kg - other.weight.kg), 3)
        before = (visit.net, other.net)
        visit.net, other.net = Link(other.id, net), Link(visit.id, net)
        if before == (visit.net, other.net):
            return []
        if visit.weight.kg == other.weight.kg:  # since one of them became heavier
            visit.weight.kind = other.weight.kind = ""
        else:
            heavier = visit.weight.kg > other.weight.kg
            visit.weight.kind, other.weight.kind = ("gross", "tare") if heavier else ("tare", "gross")
        visit.paired_as, other.paired_as = visit.identity, other.identity
        return [other]

    def _others(self, visit: Visit, later: bool, seconds: float) -> list[Visit]:
        """Visits of the same vehicle before or after, the nearest first."""
        start = visit.started_at
        begin, end = (start, start + seconds) if later else (start - seconds, start)
        found = self._repository.of_identity(visit.identity, begin, end, LOOKED_AT, newest_first=not later)
        return [self._canonical(other) for other in found if other.id != visit.id]


def _differ(one: Visit, other: Visit) -> bool:
    """Whether both were weighed with other weights: the same one twice is one load."""
    return one.weight is not None and other.weight is not None and one.weight.kg != other.weight.kg
