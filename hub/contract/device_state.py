"""Whether a device is online and what is known of it, as every kind of device tells it."""

from __future__ import annotations

from typing import NamedTuple


class DeviceDetails(NamedTuple):
    """What else is known of a device; empty or None where nothing is."""

    word: str = ""  # its state, as its kind calls it
    trouble: str = ""  # what is wrong with it although it is online, as a sentence or a device's own message
    address: str = ""
    transport: str = ""
    checkpoint: str = ""  # as the device sends it
    fps: float | None = None  # pictures a second
    clock_offset: float | None = None  # seconds that its clock is ahead of the hub's
    queue: int | None = None  # records that wait at the device
    version: str = ""  # of its software


NO_DETAILS = DeviceDetails()


class DeviceState(NamedTuple):
    """The state of one device now. `last_seen` is in epoch seconds."""

    kind: str  # camera, station, board, scale, device (a reader or camera of a station)
    id: str  # unique within its kind
    name: str  # for people
    online: bool | None  # None: unknown, such as for a board without a tag in view
    last_seen: float
    parent: str = ""  # the id of the station that a device belongs to
    details: DeviceDetails = NO_DETAILS
