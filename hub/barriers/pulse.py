"""A pulse of a barrier: who wanted it, for which visit, and what came of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.barriers.contract import HUB, Wish
from hub.contract.json_text import encode_text
from hub.contract.paging import json_size
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.store.backend import Row

MAX_WHO = 200


@dataclass
class Pulse:
    """Times are epoch seconds. `problem` is a sentence for operators, "" where the relay has acknowledged it."""

    barrier: str
    visit: str
    who: str
    automatic: bool
    at: float
    ended_at: float | None = None
    problem: str = ""
    values: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        return {
            "id": self.id,
            "barrier": self.barrier,
            "visit": self.visit,
            "who": self.who,
            "automatic": self.automatic,
            "request": encode_text(self.values),
            "received_at": self.at,
            "ended_at": self.ended_at,
            "problem": self.problem,
        }

    def shown(self) -> dict[str, Any]:
        """The pulse as pages and programs receive it."""
        return {
            "id": self.id,
            "at": utc_text(self.at),
            "who": self.who,
            "automatic": self.automatic,
            "visit": self.visit,
            "problem": self.problem,
        }


def pulse_of(wish: Wish, barrier: str, now: float) -> Pulse:
    """The pulse that a wish becomes."""
    who = HUB.name if wish.automatic else clean(wish.principal.name)[:MAX_WHO]
    return Pulse(barrier, wish.visit, who, wish.automatic, now, values=wish.values)


def loaded(row: Row) -> Pulse:
    """A stored pulse. Raises what a row that cannot be read raises."""
    pulse = Pulse(
        row["barrier"],
        row["visit"],
        row["who"],
        bool(row["automatic"]),
        row["received_at"],
        row["ended_at"],
        row["problem"],
        {str(name): str(value) for name, value in orjson.loads(row["request"]).items()},
        row["id"],
    )
    json_size(pulse.shown())
    return pulse
