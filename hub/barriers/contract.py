"""A wish to open a barrier, and whether a visit may open one by itself. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.roles import Principal
from hub.contract.text import clean, place_key
from hub.contract.times import parse_time
from hub.contract.visits import CONFIRM, OK, REJECT
from hub.settings.barriers import Barrier

MAX_VALUE = 200  # characters of what is put in place of a placeholder
MAX_VISIT = 100
MAX_NOTE = 500
CLOCK_SECONDS = 5.0  # a device's clock may be so far ahead of the hub's
HUB = Principal("hub", "hub", frozenset())
"""Who opens a barrier by itself, in the audit log."""


@dataclass(frozen=True)
class Wish:
    """Somebody, or the hub itself, wants a barrier open. `until`: monotonic time after which it would be late."""

    principal: Principal
    automatic: bool
    visit: str  # its id, "" without one
    values: dict[str, str] = field(default_factory=dict)  # of the placeholders
    until: float | None = None
    note: str = ""
    address: str = ""


def shows(visit: dict[str, Any], barrier: Barrier) -> bool:
    """Whether a visit stands in front of this barrier."""
    there = place_key(visit.get("checkpoint", "")) == place_key(barrier.checkpoint)
    return there and (not barrier.direction or visit.get("direction") == barrier.direction)


def is_in_order(visit: dict[str, Any]) -> bool:
    """Whether a visit may open a barrier: judged ok and not rejected, or confirmed by an operator."""
    decision = visit.get("decision")
    if visit.get("waits") or decision == REJECT:
        return False
    return visit.get("state") == OK or decision == CONFIRM


def seconds_left(visit: dict[str, Any], barrier: Barrier, now: float) -> float:
    """For how many seconds the visit may still open the barrier by itself; 0 or less: it would be late.

    `now`: epoch seconds. A time that is missing, cannot be read or lies in the future is no reason to open.
    """
    left = 0.0
    if visit.get("state") == OK:
        left = _left(visit.get("last_at"), barrier.max_age_seconds, now)
    if visit.get("decision") == CONFIRM:
        decided = _left(visit.get("decided_at"), barrier.max_age_seconds, now)
        left = max(left, min(decided, _left(visit.get("last_at"), barrier.confirm_seconds, now)))
    return left


def _left(value: object, seconds: float, now: float) -> float:
    moment = parse_time(value, None)
    if moment is None or moment > now + CLOCK_SECONDS:
        return 0.0
    return moment + seconds - now


def values_of(visit: dict[str, Any], barrier: Barrier) -> dict[str, str]:
    """What is put in place of placeholders, each bounded and on one line."""
    vehicle = visit.get("vehicle")
    found = {
        "barrier": barrier.name,
        "checkpoint": barrier.checkpoint,
        "visit": visit.get("id"),
        "vehicle": vehicle.get("name") if isinstance(vehicle, dict) else "",
        "plate": visit.get("plate"),
        "tag": visit.get("tag"),
        "number": visit.get("number"),
    }
    return {name: " ".join(clean(value or "").split())[:MAX_VALUE] for name, value in found.items()}
