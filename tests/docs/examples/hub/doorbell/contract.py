"""A ring as a doorbell sends it: what is accepted and what it becomes. No input or output here."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from hub.contract.errors import ContractError
from hub.contract.json_text import encode
from hub.contract.text import clean
from hub.contract.times import parse_time

MAX_BELL = 100
MAX_EVENT_ID = 200


@dataclass(frozen=True)
class Ring:
    """One press of the button; `rang_at` in epoch seconds, None where `timestamp` cannot be read."""

    bell: str
    event_id: str
    timestamp: str
    rang_at: float | None
    warnings: list[str]


def parse_ring(data: dict[str, Any], zone: tzinfo | None) -> Ring:
    """A ring out of a sender's object. Raises ContractError (400).

    `zone`: of senders that give times without an offset, None is this machine's.
    """
    bell = clean(data.get("bell") or "")
    if not 0 < len(bell) <= MAX_BELL:
        raise ContractError("This is no ring.", [f"bell is a text of 1 to {MAX_BELL} characters"])
    timestamp = clean(data.get("timestamp") or "")
    rang_at = parse_time(data.get("timestamp"), zone)
    warnings = ["timestamp is not a time that can be read; its text was kept"] if timestamp and rang_at is None else []
    event_id = clean(data.get("event_id") or "")[:MAX_EVENT_ID] or _derived_event_id(bell, timestamp)
    return Ring(bell, event_id, timestamp, rang_at, warnings)


def _derived_event_id(bell: str, timestamp: str) -> str:
    """A digest of the content; without a time of its own every ring is a new one."""
    if not timestamp:
        return str(uuid.uuid4())
    return f"content-{hashlib.sha256(encode([bell, timestamp])).hexdigest()[:32]}"
