"""Joins evidence to visits at one checkpoint, by event time and whatever the order of arrival. No input or output here.

What names the same vehicle belongs together (`related`); what names nothing that is known is joined by its time. The
latter is a guess, which is taken back when evidence arrives that knows better: then a visit is split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import nsmallest

from hub.contract.visits import CAPTURE
from hub.visits.relations import apart, distinct, guesses, opposed, opposed_among, related, relatives, unread
from hub.visits.visit import Member, Visit

NEAREST = 30  # visits that are looked at for evidence that names no vehicle of theirs
LEFT_MARGIN = 5.0  # seconds after a vehicle was seen last in which records of it may still be made
MAX_DEPTH = 3
CLEARLY_NEARER = 2.0  # evidence that is so many times nearer in time to another visit's was guessed wrongly
MOVED_FROM = 5  # visits that make room for evidence, and that take what they give


@dataclass(frozen=True)
class Rules:
    """`join`: how far apart evidence of a visit may be. `standing`: how long a vehicle may stand unseen. In seconds."""

    join: float = 30.0
    standing: float = 900.0


def _is_nearer(one: Member, member: Member, visit: Visit) -> bool:
    """Whether evidence of a visit is clearly nearer in time to `member` than to what else names a vehicle there."""
    named = [other for other in visit.members if other.says_who]
    return bool(named) and apart([one], [member]) * CLEARLY_NEARER < apart([one], named)


class Joining:
    """The visits of one checkpoint that evidence may still join. `stood`: whether a vehicle was present all the time
    between two moments; `new`: makes a visit.
    """

    def __init__(
        self,
        visits: list[Visit],
        rules: Rules,
        new: Callable[[Member], Visit],
        stood: Callable[[float, float], bool] = lambda begin, end: False,
    ) -> None:
        self.visits, self._rules, self._new, self._stood = visits, rules, new, stood
        self.changed: list[Visit] = []

    def join(self, member: Member, without: tuple[Visit, ...] = ()) -> None:
        """Add evidence to the visit that it belongs to, or to a new one."""
        candidates = [visit for visit in self.visits if visit not in without]
        found = self._same_vehicle(member, candidates) if member.says_who else None
        if found is not None:
            self._add_to_relatives(member, *found, without)
        else:
            self._add_to_nearest(member, candidates)

    def correct(self, member: Member, visit: Visit) -> Visit | None:
        """Move evidence of a visit whose value is another now to the visit that it belongs to, where that is another.

        The visit that has it now; None where it was counted there and not kept. It stays where a person has decided
        about the visit, where the value is of its vehicle, and where it is of no vehicle near and nothing in the visit
        speaks against it.
        """
        others = [other for other in visit.members if other is not member]
        if visit.decision is not None or not member.says_who or any(related(member, other) for other in others):
            return visit
        candidates = [other for other in self.visits if other is not visit]
        if self._same_vehicle(member, candidates) is None and not any(opposed(member, other) for other in others):
            return visit
        visit.remove([member])
        self._note(visit)
        self.join(member, (visit,))
        return next((other for other in self.visits if member in other.members), None)

    # -- the same vehicle

    def _same_vehicle(self, member: Member, candidates: list[Visit]) -> tuple[Visit, list[Member]] | None:
        """The visit with evidence of the same vehicle, and that evidence."""
        best: tuple[tuple[bool, int, float], Visit, list[Member]] | None = None
        for visit in candidates:
            gap = visit.distance(member.at)
            if gap > self._rules.standing and not self._stood_between(visit, member.at):
                continue
            direct = [other for other in distinct(visit.members) if related(member, other)]
            if not direct or not self._is_still_there(visit, member, gap, candidates):
                continue
            family = relatives(direct, visit.members)
            if any(opposed(member, other) for other in distinct(family)):
                continue
            rank = (gap > self._rules.join, -len({other.source for other in direct}), gap)
            if best is None or rank < best[0]:
                best = rank, visit, family
        return best[1:] if best is not None else None

    def _stood_between(self, visit: Visit, at: float) -> bool:
        return self._stood(*sorted((at, visit.last_at if at > visit.last_at else visit.started_at)))

    def _is_still_there(self, visit: Visit, member: Member, gap: float, candidates: list[Visit]) -> bool:
        """Whether a vehicle that was seen `gap` seconds before or after may not have left meanwhile."""
        at = member.at
        if visit.left_at is not None and at > visit.left_at + LEFT_MARGIN and gap > LEFT_MARGIN:
            return False
        if gap <= self._rules.join or self._stood_between(visit, at):
            return True
        if not self._may_be_one(member, visit) or (visit.was_weighed_before(at) and member.evidence.kind == CAPTURE):
            return False
        begin, end = sorted((at, visit.last_at if at > visit.last_at else visit.started_at))
        return not any(
            other.says_who and not related(member, other)
            for between in candidates
            if between is not visit and begin < between.started_at < end
            for other in distinct(between.members)
        )

    def _add_to_relatives(self, member: Member, visit: Visit, family: list[Member], without: tuple[Visit, ...]) -> None:
        strangers = opposed_among(member, visit.members)
        if not strangers:
            self._add(member, visit)
        elif visit.decision is not None or len(without) >= MAX_DEPTH:
            self._begin(member)
        else:
            self._split(member, visit, family, relatives(strangers, visit.members), without)

    def _split(
        self, member: Member, visit: Visit, family: list[Member], others: list[Member], without: tuple[Visit, ...]
    ) -> None:
        """Take one of two vehicles out of a visit: `family`, which `member` is of, or `others`. The one that was there
        first keeps it, with its id, its alerts and its pulses.
        """
        of_others = set(map(id, others))
        of_either = of_others | set(map(id, family))
        first = next(each for each in visit.members if id(each) in of_either)
        if id(first) in of_others:
            visit.remove(family)
            self._note(visit)
            leaving = [member, *sorted(family, key=lambda each: each.at)]
        else:
            visit.remove(others)
            self._add(member, visit)
            leaving = sorted(others, key=lambda each: each.at)
        for each in leaving:
            self.join(each, (*without, visit))

    # -- by time

    def _add_to_nearest(self, member: Member, candidates: list[Visit]) -> None:
        ranked = self._nearest(member, candidates)
        for visit in ranked:
            if not any(opposed(member, other) for other in distinct(visit.members)):
                self._add(member, visit)
                return
        if member.says_who:
            for visit in ranked[:MOVED_FROM]:
                if self._make_room(member, visit, candidates):
                    self._add(member, visit)
                    return
        self._begin(member)
        if member.says_who:
            self._take_what_is_nearer(member, ranked[:MOVED_FROM])

    def _take_what_is_nearer(self, member: Member, visits: list[Visit]) -> None:
        """Move to the new visit of `member` what others took by its time only, where it is nearer to `member`."""
        own = self.visits[-1]
        for visit in visits:
            if visit.decision is not None:
                continue
            for guessed, rest in guesses(visit):
                if any(opposed(one, two) for one in guessed for two in own.members):
                    continue
                if apart(guessed, [member]) * CLEARLY_NEARER < apart(guessed, rest):
                    self._move(guessed, visit, own)
                    break
            self._move([each for each in unread(visit) if _is_nearer(each, member, visit)], visit, own)

    def _move(self, members: list[Member], visit: Visit, other: Visit) -> None:
        if members:
            visit.remove(members)
            self._note(visit)
        for each in members:
            self._add(each, other)

    def _nearest(self, member: Member, candidates: list[Visit]) -> list[Visit]:
        """The visits that evidence may belong to by its time, the nearest first."""
        at, join = member.at, self._rules.join
        near = [
            (min(abs(other.at - at) for other in visit.members), order, visit)
            for order, visit in enumerate(candidates)
            if visit.last_at >= at - join and visit.started_at <= at + join and self._may_be_one(member, visit)
        ]
        return [visit for distance, _, visit in nsmallest(NEAREST, near) if distance <= join or visit.dropped]

    def _make_room(self, member: Member, visit: Visit, candidates: list[Visit]) -> bool:
        """Move what was taken for a visit's by its time to another visit that it may belong to as well, where the rest
        is clearly nearer to `member`.
        """
        if visit.decision is not None:
            return False
        strangers = opposed_among(member, visit.members)
        guessed = relatives(strangers, visit.members)
        rest = [other for other in visit.members if other.says_who and other not in guessed]
        if not rest or apart(rest, [member]) * CLEARLY_NEARER >= apart(rest, guessed):
            return False
        others = [other for other in candidates if other is not visit and other.decision is None]
        for other in self._nearest(strangers[0], others)[:MOVED_FROM]:
            if not any(opposed(one, two) for one in guessed for two in other.members):
                self._move(guessed, visit, other)
                return True
        return False

    def _may_be_one(self, member: Member, visit: Visit) -> bool:
        facing = member.evidence.facing
        if facing and visit.direction and facing != visit.direction:
            return False
        return visit.left_at is None or member.at <= visit.left_at + LEFT_MARGIN

    # -- changes

    def _begin(self, member: Member) -> None:
        visit = self._new(member)
        self.visits.append(visit)
        self._add(member, visit)

    def _add(self, member: Member, visit: Visit) -> None:
        visit.add(member)
        self._note(visit)

    def _note(self, visit: Visit) -> None:
        if visit not in self.changed:
            self.changed.append(visit)
