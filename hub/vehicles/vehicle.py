"""A vehicle as the register stores, shows and compares it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hub.contract.plates import fold_plate
from hub.contract.times import utc_text
from hub.contract.vehicles import ALLOW, DENY, IDENTIFIER_KINDS, PERMISSIONS, PLATE, WATCH, Identifier, KnownVehicle
from hub.vehicles.identifiers import plate_parts, value_of

MATCHES = ("exact", "similar")
WATCHED = (DENY, WATCH)
LISTS = {kind: f"{kind}s" for kind in IDENTIFIER_KINDS}
"""The name of the list of identifiers of each kind, in JSON and CSV."""
COLUMNS: tuple[str, ...] = (
    "id",
    "name",
    "owner",
    "note",
    "reason",
    "permission",
    "match",
    "valid_from",
    "valid_until",
    "retired_at",
)
COLUMNS += ("created_at", "changed_at", "import_id")


class Columns(Protocol):
    """Values by the names of their columns."""

    def __getitem__(self, key: str, /) -> Any: ...


@dataclass(frozen=True)
class Vehicle:
    """A vehicle. Times are epoch seconds; `identifiers`: kind and text as typed, in their order."""

    id: str = ""
    name: str = ""
    owner: str = ""
    note: str = ""
    reason: str = ""
    permission: str = ALLOW
    match: str = "similar"
    identifiers: tuple[tuple[str, str], ...] = ()
    valid_from: float | None = None
    valid_until: float | None = None
    retired_at: float | None = None
    created_at: float = 0.0
    changed_at: float = 0.0
    import_id: str | None = None
    seq: int = 0

    @property
    def values(self) -> list[Identifier]:
        """Its identifiers as they are compared."""
        return [Identifier(kind, value_of(kind, text)) for kind, text in self.identifiers]

    @property
    def version(self) -> int:
        """Grows with every change: the time of the last one in microseconds."""
        return round(self.changed_at * 1e6)

    @property
    def title(self) -> str:
        """What operators know it by: its name, else its first identifier."""
        return self.name or next((text for _, text in self.identifiers), self.id)

    def texts(self, kind: str) -> list[str]:
        """Its identifiers of one kind as typed."""
        return [text for each, text in self.identifiers if each == kind]

    @property
    def is_watched(self) -> bool:
        """Whether its plates raise an alert where they are read."""
        return self.permission in WATCHED and self.retired_at is None and any(k == PLATE for k, _ in self.identifiers)

    def is_valid(self, now: float) -> bool:
        """Whether its time has come and is not over."""
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )

    def state(self, now: float) -> str:
        """`retired`, `early` (before `valid_from`), `expired` or `valid`."""
        if self.retired_at is not None:
            return "retired"
        if self.is_valid(now):
            return "valid"
        return "expired" if self.valid_until is not None and self.valid_until <= now else "early"

    def known(self) -> KnownVehicle:
        """The vehicle as what judges visits sees it."""
        return KnownVehicle(
            self.id,
            self.name or self.title,
            self.owner,
            self.permission,
            frozenset(self.values),
            self.valid_from,
            self.valid_until,
            self.retired_at is not None,
            self.reason,
        )

    def row(self) -> dict[str, Any]:
        """The values of its row, without `seq`."""
        return {name: getattr(self, name) for name in COLUMNS}

    def identifier_rows(self, seq: int) -> list[dict[str, Any]]:
        """The rows of its identifiers."""
        current = 1 if self.retired_at is None else None
        return [
            {
                "vehicle": seq,
                "kind": kind,
                "text": text,
                "value": (value := value_of(kind, text)),
                "folded": fold_plate(value) if kind == PLATE else "",
                "current": current,
            }
            for kind, text in self.identifiers
        ]

    def part_rows(self, seq: int) -> list[dict[str, Any]]:
        """The rows of the parts of its plates; a retired vehicle has none."""
        if self.retired_at is not None:
            return []
        plates = [value_of(kind, text) for kind, text in self.identifiers if kind == PLATE]
        return [{"part": part, "vehicle": seq} for part in set().union(*map(plate_parts, plates))]

    def shown(self, now: float) -> dict[str, Any]:
        """The vehicle as readers see it."""
        return {**self.content(), "id": self.id, "state": self.state(now), **self._times(), "version": self.version}

    def content(self) -> dict[str, Any]:
        """What people decide about it, as JSON values; a change keeps this before and after."""
        return {
            "name": self.name,
            "owner": self.owner,
            "permission": self.permission,
            "reason": self.reason,
            "note": self.note,
            "match": self.match,
            **{key: self.texts(kind) for kind, key in LISTS.items()},
            "valid_from": utc_text(self.valid_from),
            "valid_until": utc_text(self.valid_until),
        }

    def _times(self) -> dict[str, Any]:
        return {key: utc_text(getattr(self, key)) for key in ("retired_at", "created_at", "changed_at")}


def vehicle_of(row: Columns, identifiers: Iterable[tuple[str, str]]) -> Vehicle:
    """A vehicle out of its row and its identifiers (kind, text). Raises ValueError for what is no vehicle."""
    if row["permission"] not in PERMISSIONS or row["match"] not in MATCHES:
        raise ValueError("permission or match is unknown")
    vehicle = Vehicle(**{name: row[name] for name in COLUMNS}, seq=row["seq"])
    return replace(vehicle, identifiers=tuple((kind, text) for kind, text in identifiers if kind in LISTS))
