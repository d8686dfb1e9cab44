"""Corrected values in visits: what was read is replaced, and evidence moves to the visit of its vehicle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hub.contract.visits import CORRECTION
from hub.visits.assessment import Assessment, Found
from hub.visits.joining import Joining, Rules
from hub.visits.places import Places
from hub.visits.values import put_value
from hub.visits.visit import Cause, Member, Visit

Record = tuple[str, str]


class Correcting:
    """Puts corrections into visits. `new`: makes a visit at the checkpoint of another one."""

    def __init__(self, places: Places, rules: Rules, assessment: Assessment, new: Callable[[Visit], Visit]) -> None:
        self._places, self._rules, self._assessment, self._new = places, rules, assessment, new

    def correct(
        self, visits: Mapping[Record, Visit], made: list[dict[str, Any]], found: Found
    ) -> list[tuple[Visit, Cause]]:
        """Put the corrections `made` in the place of what was read; the visits to judge again, each with its cause.

        `visits`: those that the records belong to. Raises DatabaseError or LaneBusy.
        """
        where, changed = dict(visits), dict[str, tuple[Visit, Cause]]()
        for each in made:
            record, who = (str(each["kind"]), str(each["id"])), str(each["who"])
            visit = where.get(record)
            if visit is None:
                continue
            place = self._places.load(visit.place, [visit.started_at, visit.last_at])
            visit = self._places.canonical(visit)
            if not put_value(visit, *record, int(each["index"]), str(each["value"])):
                continue
            changed[visit.id] = visit, Cause(CORRECTION, who)
            member = self._known(visit, record, found)
            joining = Joining(place.visits, self._rules, partial(self._beside, visit), place.stood)
            target = joining.correct(member, visit)
            if target is visit:
                continue
            self._places.tidy(visit.place, member.at)
            evidence = member.evidence
            what = f"{evidence.plate or evidence.number or evidence.tag} of {evidence.device}"
            for other in joining.changed:
                changed[other.id] = other, Cause(CORRECTION, who)
            changed[visit.id] = visit, Cause(CORRECTION, who, f"{what} belongs to another visit.")
            if target is not None:
                where[record] = target
                changed[target.id] = target, Cause(CORRECTION, who, f"{what} belonged to another visit.")
        return list(changed.values())

    def _beside(self, visit: Visit, _: Member) -> Visit:
        return self._new(visit)

    def _known(self, visit: Visit, record: Record, found: Found) -> Member:
        """The member of a record, with the vehicles that its value belongs to now."""
        place = next(
            place for place, each in enumerate(visit.members) if (each.evidence.kind, each.evidence.id) == record
        )
        evidence = visit.members[place].evidence
        self._assessment.look_up([evidence], found)
        visit.members[place] = self._assessment.member(evidence, found)
        return visit.members[place]
