"""Whether pieces of evidence are of one vehicle, and which of a visit belong together. No input or output here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hub.contract.visits import CAPTURE, DETECTION
from hub.visits.plates import folded_alike
from hub.visits.visit import Member, Visit


def opposed(one: Member, other: Member) -> bool:
    """Whether two pieces of evidence of the same device are of two vehicles: other tags, or clearly other plates."""
    if one.source != other.source:
        return False
    if one.tag and other.tag:
        if one.tag != other.tag and not one.known.tag & other.known.tag:
            return True
    elif one.number and other.number and one.number != other.number and not one.known.number & other.known.number:
        return True
    return bool(one.plate and other.plate) and not same_plate(one, other)


def same_plate(one: Member, other: Member) -> bool:
    """Whether two plates may be one: alike, or of one vehicle, and not those of two vehicles exactly."""
    if one.plate == other.plate or (one.vehicles and one.known.plate & other.known.plate):
        return True
    return folded_alike(one.folded, other.folded) and not (one.known.exact and other.known.exact)


def related(one: Member, other: Member) -> bool:
    """Whether two pieces of evidence name the same vehicle."""
    if (
        (one.plate and other.plate and same_plate(one, other))
        or (one.tag and one.tag == other.tag)
        or (one.number and one.number == other.number)
        or (one.vehicles and not one.vehicles.isdisjoint(other.vehicles))
    ):
        return not opposed(one, other)
    return False


def distinct(members: Iterable[Member]) -> list[Member]:
    """One of each that name the same (`Member.fingerprint`)."""
    return list({member.fingerprint: member for member in members}.values())


def opposed_among(one: Member, members: Iterable[Member]) -> list[Member]:
    """Those of `members` that are of another vehicle than `one`."""
    found = {other.fingerprint for other in distinct(members) if opposed(one, other)}
    return [other for other in members if other.fingerprint in found] if found else []


def relatives(seeds: Iterable[Member], members: Sequence[Member]) -> list[Member]:
    """Those of `members` that name the same vehicle as one of the seeds, directly or through others."""
    seeds = list(seeds)
    found = {id(seed) for seed in seeds if not seed.says_who}  # related to nothing else
    open_ = distinct(seed for seed in seeds if seed.says_who)
    left = distinct(members)
    named: set[object] = set()
    while open_ and left:
        one = open_.pop()
        near = [other for other in left if related(one, other)]
        named.update(other.fingerprint for other in near)
        left = [other for other in left if other.fingerprint not in named]
        open_ += near
    return [member for member in members if member.fingerprint in named or id(member) in found]


def guesses(visit: Visit) -> Iterator[tuple[list[Member], list[Member]]]:
    """Evidence that names one vehicle, and the rest of the visit, to which only its time binds it."""
    for member in visit.members:
        family = relatives([member], visit.members)
        rest = [other for other in visit.members if not any(other is each for each in family)]
        if member.says_who and any(other.says_who for other in rest):
            yield family, rest


def apart(members: Sequence[Member], others: Sequence[Member]) -> float:
    """Seconds between the two nearest ones."""
    return min(abs(one.at - other.at) for one in members for other in others if other.says_who)


def unread(visit: Visit) -> list[Member]:
    """The captures and detections of a visit of which nothing was read."""
    return [each for each in visit.members if not each.says_who and each.evidence.kind in (CAPTURE, DETECTION)]
