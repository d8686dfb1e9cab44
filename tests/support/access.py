"""The services of devices over the store of a hub, with clocks of their own."""

from __future__ import annotations

from typing import Any

from hub.devices.access_repository import ACCESS_DEVICES, ACCESS_TOKENS, RowsById
from hub.devices.admissions import DeviceAdmissions
from hub.devices.decisions import Decisions
from hub.devices.known_devices import KnownDevices
from hub.devices.pairing import Pairings
from hub.devices.tokens import DeviceTokens

START = 1_790_000_000.0


class Services:
    """All services, loaded from the store of `app`; `now` is their time, `notified` counts call-backs."""

    def __init__(self, app: Any, shared: str = "") -> None:
        hub = app.extensions["gatehouse"]
        self.now = START
        self.notified = 0
        limits = hub.settings.limits
        self.known = KnownDevices(hub.writer, RowsById(hub.backend, hub.reader, ACCESS_DEVICES), limits.max_waiting)
        self.admissions = DeviceAdmissions(self.known, limits.waiting_per_address, self.clock, self.clock)
        self.decisions = Decisions(self.known, self._notify, self.clock)
        repository = RowsById(hub.backend, hub.reader, ACCESS_TOKENS)
        self.tokens = DeviceTokens(hub.writer, repository, shared, self._notify, self.clock, self.clock)
        self.pairings = Pairings(self.tokens, self.known.news, limits, self.clock, self.clock)
        self.known.load()
        self.tokens.load()

    def clock(self) -> float:
        return self.now

    def _notify(self) -> None:
        self.notified += 1
