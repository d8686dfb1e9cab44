"""A visit with its evidence, as it is joined and judged. No input or output here. Times are epoch seconds."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hub.contract.plates import fold_plate, normalise_plate
from hub.contract.visits import CAPTURE, DECISION, DENIED, DETECTION, EVIDENCE, JUDGED, MISMATCH, UNKNOWN
from hub.visits.evidence import Evidence, number_key, tag_key

WAITING = (MISMATCH, DENIED)
KEPT_FIRST, KEPT_LAST = 5, 5  # pieces of evidence of one device
MAX_KEPT = 60  # of one visit
MAX_PAST = 50  # entries of the history of one visit
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """Ids of the vehicles that a tag, a number or a plate belongs to. `exact`: of the plate, character by character."""

    tag: frozenset[str] = NOBODY
    number: frozenset[str] = NOBODY
    plate: frozenset[str] = NOBODY
    exact: bool = False

    @property
    def all(self) -> frozenset[str]:
        """Those of any of them."""
        return self.tag | self.number | self.plate


NOT_KNOWN = Known()


@lru_cache(maxsize=16_384)
def _fingerprint(source: tuple[str, str], tag: str, number: str, plate: str, known: Known) -> object:
    """An object for all evidence of a device that names the same vehicle by the same values."""
    return object()


@dataclass(eq=False)
class Member:
    """A piece of evidence inside a visit. `agrees` and `differences` are what judging said of it.

    Members with the same `fingerprint` are compared with others once for all of them.
    """

    evidence: Evidence
    known: Known = NOT_KNOWN
    agrees: bool | None = None
    differences: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        evidence = self.evidence
        self.tag, self.number = tag_key(evidence.tag), number_key(evidence.number)
        self.plate = normalise_plate(evidence.plate)
        self.folded = fold_plate(self.plate)
        self.at = evidence.at
        self.source = (evidence.kind, evidence.device)
        self.keys = evidence.keys()
        self.know(self.known)

    def know(self, known: Known) -> None:
        """Set the vehicles that it belongs to, as the register says now."""
        self.known, self.vehicles = known, known.all
        self.fingerprint = _fingerprint(self.source, self.tag, self.number, self.plate, known)

    @property
    def says_who(self) -> bool:
        """Whether it names a vehicle at all."""
        return bool(self.tag or self.number or self.plate)


@dataclass
class Weight:
    """A weight of a visit. `kind`: gross, tare, or "" while there is no other to compare it with."""

    kg: float
    at: float
    kind: str = ""


@dataclass
class Link:
    """Another visit of the same vehicle, with what the two make: `value` is kilograms or seconds."""

    visit: str
    value: float


@dataclass
class Decision:
    """What a person has decided; `state`: of the visit, at that time."""

    decision: str
    by: str
    at: float
    note: str
    state: str


@dataclass(frozen=True)
class Cause:
    """Why a visit is judged: one of CAUSES, and by whom, "" for devices. `note`: a sentence for its history."""

    kind: str
    by: str = ""
    note: str = ""


SEEN = Cause(EVIDENCE)


@dataclass(frozen=True)
class Past:
    """An entry of the history: what was decided, or JUDGED where the state has changed. `cause`: one of CAUSES."""

    at: float
    what: str
    cause: str
    by: str
    before: str
    after: str
    note: str = ""


@dataclass(eq=False)
class Visit:
    """A visit. `place`: its checkpoint as names are compared. `members`: in the order of their arrival."""

    checkpoint: str
    place: str
    received_at: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    seq: int = 0  # 0 until it is stored
    change: int = 0
    members: list[Member] = field(default_factory=list)
    dropped: int = 0  # pieces of evidence that were counted and not kept
    unstored: list[Evidence] = field(default_factory=list)  # those of them that no commit has connected with it yet
    started_at: float = 0.0
    last_at: float = 0.0
    direction: str = ""
    state: str = UNKNOWN
    reasons: list[str] = field(default_factory=list)
    vehicle: dict[str, Any] | None = None
    others: list[dict[str, Any]] = field(default_factory=list)
    judged_at: float | None = None
    claimed: str = ""  # the id of the vehicle that an operator says it is
    decision: Decision | None = None
    weight: Weight | None = None
    net: Link | None = None
    stay: Link | None = None
    left_at: float | None = None  # presence: when the vehicle was seen last
    off_scale_at: float | None = None  # when the scale went back to zero
    listed: bool = False  # denied by the list of plates to stop alone, as it was judged last
    alarmed: str = ""  # the state that an alert was made of
    paired_as: str = ""  # the identity that its stay and net weight were found by
    history: list[Past] = field(default_factory=list)  # the oldest first

    @property
    def waits(self) -> bool:
        """Whether a person has to decide."""
        return self.state in WAITING and (self.decision is None or self.decision.state != self.state)

    @property
    def identity(self) -> str:
        """By what visits of the same vehicle find each other: its id in the register, else its tag, plate or number."""
        if self.vehicle is not None:
            return f"vehicle:{self.vehicle['id']}"
        for kind in ("tag", "plate", "number"):
            for member in self.members:
                if value := getattr(member, kind):
                    return f"{kind}:{value}"
        return ""

    def was_weighed_before(self, at: float) -> bool:
        """Whether its vehicle was weighed and has left the scale before a moment."""
        return self.weight is not None and self.off_scale_at is not None and at > self.off_scale_at

    def judged(self, before: str, cause: Cause, at: float) -> None:
        """Note in the history what became of it: a decision, another state than before, or the cause's note."""
        made = self.decision
        if cause.kind == DECISION and made is not None:
            self._note(Past(made.at, made.decision, DECISION, made.by, before, self.state, made.note))
        elif before != self.state or cause.note:
            self._note(Past(at, JUDGED, cause.kind, cause.by, before, self.state, cause.note))

    def _note(self, past: Past) -> None:
        self.history.append(past)
        if len(self.history) > MAX_PAST:
            oldest = next((each for each in self.history if each.what == JUDGED), self.history[0])
            self.history.remove(oldest)

    def add(self, member: Member) -> None:
        """Add a piece of evidence; of many repeated ones the first and the last are kept."""
        first = not self.members
        self.members.append(member)
        self.started_at = member.at if first else min(self.started_at, member.at)
        self.last_at = member.at if first else max(self.last_at, member.at)
        self.direction = self.direction or member.evidence.facing
        self._bound(member.source)

    def _bound(self, source: tuple[str, str]) -> None:
        same = [member for member in self.members if member.source == source]
        if len(same) > KEPT_FIRST + KEPT_LAST:
            self._drop(same[KEPT_FIRST])
        if len(self.members) > MAX_KEPT:
            self._drop(self.members[MAX_KEPT // 2])

    def _drop(self, member: Member) -> None:
        self.members.remove(member)
        self.unstored.append(member.evidence)
        self.dropped += 1

    def remove(self, members: Iterable[Member]) -> None:
        """Take pieces of evidence out again, which belong to another visit."""
        gone = set(map(id, members))
        self.members = [member for member in self.members if id(member) not in gone]
        if self.members and not self.dropped:
            self.started_at = min(member.at for member in self.members)
            self.last_at = max(member.at for member in self.members)
        self.direction = next((each.evidence.facing for each in self.members if each.evidence.facing), "")

    def distance(self, at: float) -> float:
        """Seconds from a moment to the time from the first to the last evidence, 0 inside of it."""
        return max(self.started_at - at, at - self.last_at, 0.0)

    def read(self, kind: str) -> str:
        """The tag, number or plate as the visit shows it: what agrees exactly, what agrees, or what was read first."""
        having = [each for each in self.members if getattr(each, kind)]
        best = min(having, key=lambda each: (not each.agrees, bool(each.differences)), default=None)
        return getattr(best.evidence, kind) if best is not None else ""

    @property
    def records(self) -> list[Evidence]:
        """The evidence that is a stored record."""
        found = [*self.unstored, *(each.evidence for each in self.members)]
        return [each for each in found if each.kind in (CAPTURE, DETECTION)]
