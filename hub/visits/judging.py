"""Judges a visit in a fixed order: denied, registered, then whether all evidence is of one vehicle. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.contract.times import sentence_time
from hub.contract.vehicles import DENY, NUMBER, PLATE, TAG, Identifier, KnownVehicle
from hub.contract.visits import DENIED, MISMATCH, OK, UNKNOWN
from hub.visits.plates import alike, differences
from hub.visits.visit import Known, Member

Found = Mapping[Identifier, list[KnownVehicle]]
Denied = Callable[[str], str | None]
"""(plate as read) -> the sentence of the list of plates to stop; None where it is not on the list."""
WORDS = {TAG: "The tag", NUMBER: "The number", PLATE: "The plate"}
MAX_REASONS = 12
MAX_OTHERS = 5


@dataclass
class Verdict:
    """The state of a visit, why, and which vehicle it is. `listed`: denied by plates alone that are on the list."""

    state: str
    reasons: list[str]
    vehicle: KnownVehicle | None = None
    others: list[KnownVehicle] = field(default_factory=list)
    listed: bool = False


@dataclass(frozen=True)
class Claim:
    """A value of one piece of evidence, and the vehicles that have it: exactly, or nearly where it is a plate."""

    member: Member
    identifier: Identifier
    text: str
    exact: tuple[KnownVehicle, ...]
    near: tuple[KnownVehicle, ...]

    @property
    def owners(self) -> tuple[KnownVehicle, ...]:
        """Those that have it; those with a plate like it where nobody has it."""
        return self.exact or self.near

    @property
    def name(self) -> str:
        """Its beginning of a sentence."""
        return f"{WORDS[self.identifier.kind]} {self.text}"


def known_of(identifiers: Sequence[Identifier], found: Found) -> Known:
    """The vehicles that the values of one piece of evidence belong to."""
    ids = {each.kind: frozenset(vehicle.id for vehicle in found.get(each, ())) for each in identifiers}
    plate = next((each for each in identifiers if each.kind == PLATE), None)
    exact = plate is not None and any(plate in vehicle.identifiers for vehicle in found.get(plate, ()))
    nobody: frozenset[str] = frozenset()
    return Known(ids.get(TAG, nobody), ids.get(NUMBER, nobody), ids.get(PLATE, nobody), exact)


def judge(members: Sequence[Member], found: Found, denied: Denied, claimed: str = "") -> Verdict:
    """The verdict; sets `agrees` and `differences` of members. `claimed`: the vehicle that an operator says it is."""
    for member in members:
        member.agrees, member.differences = None, []
    if not members:
        return Verdict(UNKNOWN, ["Its evidence belongs to another visit: a value was corrected."])
    claims = [_claim(member, each, found) for member in members for each in member.keys]
    vehicle = _vehicle(claims, claimed)
    others = _others(claims, vehicle)
    conflicts = _compare(claims, vehicle)
    barred, listed = _barred(claims, vehicle), _listed(members, denied)
    if barred or listed:
        reasons = [*barred, *(sentence for plate, sentence in listed.items() if plate not in barred.values())]
        only_listed = all(plate in listed for plate in barred.values())
        return Verdict(DENIED, [*reasons, *conflicts][:MAX_REASONS], vehicle, others, only_listed)
    if vehicle is None or not _is_valid(vehicle, claims):
        return Verdict(UNKNOWN, _unknown(claims, vehicle)[:MAX_REASONS], vehicle, others)
    if claimed == vehicle.id:
        return Verdict(
            OK, [f"An operator said that this is {vehicle.name}.", *conflicts][:MAX_REASONS], vehicle, others
        )
    if conflicts:
        return Verdict(MISMATCH, conflicts[:MAX_REASONS], vehicle, others)
    return Verdict(OK, _agreement(claims, vehicle)[:MAX_REASONS], vehicle, others)


def _claim(member: Member, identifier: Identifier, found: Found) -> Claim:
    vehicles = found.get(identifier, [])
    text = str(getattr(member.evidence, identifier.kind))
    exact = tuple(each for each in vehicles if identifier in each.identifiers)
    near = tuple(each for each in vehicles if identifier not in each.identifiers) if not exact else ()
    return Claim(member, identifier, text, exact, near)


def _vehicle(claims: list[Claim], claimed: str) -> KnownVehicle | None:
    """The vehicle that most kinds of evidence belong to, one that may come before others; the tag decides a tie."""
    votes: dict[str, dict[str, float]] = {}
    vehicles: dict[str, KnownVehicle] = {}
    for claim in claims:
        for vehicle in claim.owners:
            vehicles[vehicle.id] = vehicle
            weight = 1.0 if claim.exact else 0.5
            kinds = votes.setdefault(vehicle.id, {})
            kinds[claim.identifier.kind] = max(kinds.get(claim.identifier.kind, 0.0), weight)
    if claimed in vehicles:
        return vehicles[claimed]
    if not vehicles:
        return None

    def rank(vehicle_id: str) -> tuple[float, bool, float, bool]:
        kinds = votes[vehicle_id]
        return (
            sum(kinds.values()),
            _is_valid(vehicles[vehicle_id], claims),
            kinds.get(TAG, 0.0),
            NUMBER in kinds,
        )

    return vehicles[max(vehicles, key=rank)]


def _others(claims: list[Claim], vehicle: KnownVehicle | None) -> list[KnownVehicle]:
    found: dict[str, KnownVehicle] = {}
    for claim in claims:
        owners = claim.owners
        if vehicle is not None and any(each.id == vehicle.id for each in owners):
            continue
        found.update((each.id, each) for each in owners)
    return list(found.values())[:MAX_OTHERS]


def _is_valid(vehicle: KnownVehicle, claims: list[Claim]) -> bool:
    """Whether a vehicle may come at the time of its evidence."""
    return any(vehicle.is_valid(claim.member.at) for claim in claims)


def _barred(claims: list[Claim], vehicle: KnownVehicle | None) -> dict[str, str]:
    """Sentences about vehicles that are not to be let in, with the plate that each is about, "" for a tag or number."""
    reasons: dict[str, str] = {}
    for claim in claims:
        owners = claim.owners
        if not claim.exact and vehicle is not None and any(each.id == vehicle.id for each in owners):
            owners = (vehicle,)
        for owner in owners:
            if owner.permission == DENY and owner.is_valid(claim.member.at):
                reason = f": {owner.reason.rstrip('.')}" if owner.reason else ""
                like = "belongs to" if claim.exact else "is like that of"
                sentence = f"{claim.name} {like} {owner.name}, which is not to be let in{reason}."
                reasons[sentence] = claim.text if claim.identifier.kind == PLATE else ""
    return reasons


def _listed(members: Sequence[Member], denied: Denied) -> dict[str, str]:
    """Sentences about plates to stop, by the plate."""
    plates = dict.fromkeys(plate for member in members for plate in member.evidence.plates if plate)
    return {plate: sentence for plate in plates if (sentence := denied(plate))}


def _unknown(claims: list[Claim], vehicle: KnownVehicle | None) -> list[str]:
    if not claims:
        return ["No tag, number or plate of this vehicle was read. Look at its pictures."]
    if vehicle is None:
        read = list(dict.fromkeys(claim.name for claim in claims))
        return [f"{each} belongs to no vehicle of the register." for each in read]
    moment = max(claim.member.at for claim in claims)
    if vehicle.valid_from is not None and moment < vehicle.valid_from:
        return [f"{vehicle.name} is registered from {sentence_time(vehicle.valid_from)} on, and came before."]
    if vehicle.valid_until is not None and moment >= vehicle.valid_until:
        return [f"{vehicle.name} was registered until {sentence_time(vehicle.valid_until)}, and came after."]
    return [f"{vehicle.name} is retired."]


def _compare(claims: list[Claim], vehicle: KnownVehicle | None) -> list[str]:
    """Set what each piece of evidence says about the vehicle; sentences about what contradicts it."""
    if vehicle is None:
        return []
    sentences: list[str] = []
    for claim in claims:
        agrees, sentence = _compared(claim, vehicle)
        if agrees is None or claim.member.agrees is False:
            continue
        claim.member.agrees = agrees
        if sentence:
            sentences.append(sentence)
    return list(dict.fromkeys(sentences))


def _compared(claim: Claim, vehicle: KnownVehicle) -> tuple[bool | None, str]:
    if any(each.id == vehicle.id for each in claim.exact):
        return True, ""
    if claim.exact:
        names = " and ".join(each.name for each in claim.exact[:2])
        return False, f"{claim.name} belongs to {names}, not to {vehicle.name}."
    own = vehicle.of_kind(claim.identifier.kind)
    if not own:
        return None, ""
    if claim.identifier.kind == PLATE:
        close = _closest(claim.identifier.value, own)
        if close is not None:
            claim.member.differences = differences(claim.identifier.value, close)
            return True, ""
    kind = claim.identifier.kind
    registered = f"{kind} {own[0]}" if len(own) == 1 else f"{kind}s {', '.join(own[:3])}"
    return False, f"{claim.name} is not that of {vehicle.name}, which has the {registered}."


def _closest(plate: str, own: list[str]) -> str | None:
    """The registered plate that a plate is like, the one with the fewest differences."""
    close = [each for each in own if alike(plate, each)]
    return min(close, key=lambda each: len(differences(plate, each))) if close else None


def _agreement(claims: list[Claim], vehicle: KnownVehicle) -> list[str]:
    agreeing = [claim for claim in claims if claim.member.agrees and vehicle.of_kind(claim.identifier.kind)]
    kinds = [kind for kind in (TAG, NUMBER, PLATE) if any(claim.identifier.kind == kind for claim in agreeing)]
    words = kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}" if kinds else "What was read"
    sentences = [f"{words[:1].upper()}{words[1:]} {'belong' if len(kinds) > 1 else 'belongs'} to {vehicle.name}."]
    for claim in agreeing:
        for each in claim.member.differences if claim.identifier.kind == PLATE else ():
            sentences.append(_difference(claim, each))
    return list(dict.fromkeys(sentences))


def _difference(claim: Claim, each: dict[str, Any]) -> str:
    read, registered, place = each["read"], each["registered"], each["position"] + 1
    if read and registered:
        return f"{claim.name} was read with {read} in place of {registered} at position {place}."
    more = f"{read} more" if read else f"{registered} missing"
    return f"{claim.name} was read with {more} at position {place}."
