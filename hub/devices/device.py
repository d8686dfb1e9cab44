"""One device as the hub knows it: waiting for an operator, admitted or blocked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_network
from typing import Any

import orjson

from hub.access.admissions import Attempt
from hub.access.networks import parse_address
from hub.contract.paging import json_size
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.store.backend import Row

WAITING, ADMITTED, BLOCKED = "waiting", "admitted", "blocked"
STATES = (WAITING, ADMITTED, BLOCKED)
MAX_ID = 200
MAX_NAME = 100
MAX_SENT_FIELDS = 12
MAX_SENT_TEXT = 200
CAMERA_ROLES = ("primary", "secondary")


@dataclass
class Device:
    """`claimed`: the id that it gives itself; "" stands for everything at its address. Times are epoch seconds."""

    id: str
    address: str
    claimed: str
    transport: str
    first_seen: float
    last_seen: float
    name: str = ""
    state: str = WAITING
    tries: int = 1
    sent: dict[str, str] = field(default_factory=dict)
    stored: bool = False  # whether the database has a row of it

    def row(self) -> dict[str, Any]:
        """The row of the table."""
        return {
            "id": self.id,
            "address": self.address,
            "claimed": self.claimed,
            "transport": self.transport,
            "name": self.name,
            "state": self.state,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "tries": self.tries,
            "sent": orjson.dumps(self.sent).decode(),
        }

    def shown(self) -> dict[str, Any]:
        """The device for the operator."""
        return {
            "id": self.id,
            "address": self.address,
            "claimed": self.claimed,
            "transport": self.transport,
            "name": self.name,
            "state": self.state,
            "first_seen": utc_text(self.first_seen),
            "last_seen": utc_text(self.last_seen),
            "tries": self.tries,
            "sent": self.sent,
        }

    def changed(self, **values: Any) -> Device:
        """A copy with other values."""
        return replace(self, **values)


def device_of(row: Row) -> Device:
    """The device of a stored row. Raises ValueError, TypeError or KeyError where it cannot be read."""
    values = dict(row)
    sent = orjson.loads(values.pop("sent"))
    if values["state"] not in STATES or not isinstance(sent, dict):
        raise ValueError("its state or what it sent is unknown")
    device = Device(**values, sent={str(key): str(value) for key, value in sent.items()}, stored=True)
    json_size(device.shown())
    return device


def sent_by(attempt: Attempt) -> dict[str, str]:
    """What an attempt tells of its sender, bounded."""
    fields = {"path": attempt.path, **attempt.sent}
    found = {clean(key)[:40]: clean(value)[:MAX_SENT_TEXT] for key, value in list(fields.items())[:MAX_SENT_FIELDS]}
    return {key: value for key, value in found.items() if value}


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str:
    """An address as it is compared: an IPv4-mapped one as IPv4, without a zone; "" for what is no address."""
    parsed = parse_address(text[:100])
    return "" if parsed is None else str(parsed)


@lru_cache(maxsize=4096)
def site_of(address: str) -> str:
    """What one sender has at its disposal: an IPv4 address, or the /64 of an IPv6 address."""
    parsed = parse_address(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


def owns(ids: frozenset[str], claimed: str) -> bool:
    """Whether a device with these ids may use `claimed`: one of them, or the name of a camera of a station."""
    if claimed in ids:
        return True
    station, dash, camera = claimed.rpartition("-")
    return bool(dash) and camera in CAMERA_ROLES and station in ids
