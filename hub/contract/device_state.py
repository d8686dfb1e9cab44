"""Whether a device is online, as every kind of device tells it."""

from __future__ import annotations

from typing import NamedTuple


class DeviceState(NamedTuple):
    """The state of one device now. `last_seen` is in epoch seconds."""

    kind: str  # camera, station, board, device (a reader or camera of a station)
    id: str  # unique within its kind
    name: str  # for people
    online: bool | None  # None: unknown, such as for a board without a tag in view
    last_seen: float
    parent: str = ""  # the id of the station that a device belongs to
    trouble: str = ""  # what is wrong with one that is online, in a few words
