"""The visits of each checkpoint that evidence may still join, in memory; the database has all of them."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.visits.joining import Rules
from hub.visits.repository import VisitRepository
from hub.visits.visit import Visit

MAX_PLACES = 500  # checkpoints; of the others the visits are loaded when they are needed
MAX_VISITS = 200  # of one checkpoint
MAX_STAYS = 50
MAX_WEIGHTS = 20


@dataclass
class Stay:
    """A vehicle in front of a camera, from presence. `end`: when it was seen last, None while it is there."""

    camera: str
    since: float
    end: float | None = None
    visit: str = ""  # the visit that it belongs to


@dataclass
class Settled:
    """A weight. `since`: from when on its vehicle may have been on the scale; `until`: when the scale was empty again.

    `visit`: the id of the visit that has it.
    """

    scale: str
    kg: float
    at: float
    since: float
    until: float = math.inf
    visit: str = ""


@dataclass(eq=False)
class Place:
    """One checkpoint. `since`: visits with evidence from then on are in memory. `emptied`: when each scale was."""

    key: str = ""
    visits: list[Visit] = field(default_factory=list)
    since: float | None = None
    newest_at: float = 0.0
    stays: OrderedDict[str, Stay] = field(default_factory=OrderedDict)
    emptied: dict[str, float] = field(default_factory=dict)
    weights: deque[Settled] = field(default_factory=lambda: deque(maxlen=MAX_WEIGHTS))

    def stood(self, begin: float, end: float) -> bool:
        """Whether a vehicle was present all the time between two moments."""
        return any(stay.since <= begin and (stay.end is None or stay.end >= end) for stay in self.stays.values())

    def add_stay(self, key: str, stay: Stay) -> None:
        """Keep a stay, and the newest of many."""
        self.stays[key] = stay
        while len(self.stays) > MAX_STAYS:
            self.stays.popitem(last=False)


class Places:
    """Checkpoints by the name as it is compared, the least recently used ones left out."""

    def __init__(self, repository: VisitRepository, rules: Rules) -> None:
        self._repository, self._rules = repository, rules
        self._places: OrderedDict[str, Place] = OrderedDict()
        self._by_id: dict[str, Visit] = {}

    def __len__(self) -> int:
        return len(self._places)

    @property
    def open_visits(self) -> int:
        """How many visits are in memory."""
        return len(self._by_id)

    def get(self, key: str) -> Place:
        """The checkpoint without loading anything."""
        place = self._places.setdefault(key, Place(key))
        self._places.move_to_end(key)
        return place

    def load(self, key: str, times: Iterable[float]) -> Place:
        """A checkpoint with the visits that evidence of these times may join. Raises DatabaseError or LaneBusy."""
        place, first = self.get(key), min(times)
        begin = first - self._rules.standing
        if place.since is None or begin < place.since:
            end = place.since if place.since is not None else float("inf")
            known = {visit.id for visit in place.visits}
            for visit in self._repository.around(key, begin, min(end, first + self._rules.standing * 4), MAX_VISITS):
                if visit.id not in known and visit.members:
                    place.visits.append(self._by_id.setdefault(visit.id, visit))
            place.since = begin
        return place

    def visit(self, visit_id: str) -> Visit | None:
        """A visit in memory."""
        return self._by_id.get(visit_id)

    def canonical(self, visit: Visit) -> Visit:
        """The visit in memory where this one, just loaded, is there as well."""
        return self._by_id.get(visit.id, visit)

    def tidy(self, key: str, newest: float) -> None:
        """Leave out visits that no evidence near `newest` joins any more, empty ones, and the oldest of too many."""
        place = self.get(key)
        place.newest_at = max(place.newest_at, newest)
        horizon = place.newest_at - 2 * self._rules.standing - self._rules.join
        kept = [visit for visit in place.visits if visit.last_at >= horizon and visit.members]
        if len(kept) > MAX_VISITS:
            kept = sorted(kept, key=lambda visit: visit.last_at)[-MAX_VISITS:]
        if place.since is not None:
            place.since = max(place.since, horizon)
        gone = {visit.id for visit in place.visits} - {visit.id for visit in kept}
        place.visits = kept
        for visit_id in gone:
            self._by_id.pop(visit_id, None)
        self._by_id.update((visit.id, visit) for visit in kept)
        while len(self._places) > MAX_PLACES:
            _, oldest = self._places.popitem(last=False)
            for visit in oldest.visits:
                self._by_id.pop(visit.id, None)

    def forget(self) -> None:
        """Load everything again when it is needed: what is in memory could not be stored."""
        for place in self._places.values():
            place.visits, place.since = [], None
        self._by_id.clear()
