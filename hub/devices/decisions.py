"""An operator's decisions about devices. They are durable before they hold, and no stranger displaces them."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable

from hub.contract.errors import Conflict, ContractError
from hub.contract.text import clean
from hub.devices.device import ADMITTED, BLOCKED, MAX_ID, MAX_NAME, WAITING, Device, plain_address
from hub.devices.known_devices import KnownDevices

log = logging.getLogger(__name__)

MAX_DECIDED = 2000
FULL = f"The hub holds {MAX_DECIDED} decisions about devices, which is all it can; remove some first."
BLOCKED_HERE = "Devices of this address are blocked; remove those first, then let the whole address in."


class Decisions:
    """`on_decision` is called when somebody was let in, or no longer is."""

    def __init__(
        self, devices: KnownDevices, on_decision: Callable[[], None], now: Callable[[], float] = time.time
    ) -> None:
        self._devices, self._on_decision, self._now = devices, on_decision, now

    def admit(self, device_id: str, name: str = "") -> Device:
        """Let a device in, under a name for the pages. Raises NotFound, Conflict, StoreBusy."""
        return self._decide(self._devices.get(device_id), ADMITTED, name)

    def block(self, device_id: str) -> Device:
        """Refuse a device, without showing it as waiting. Raises NotFound, Conflict, StoreBusy."""
        return self._decide(self._devices.get(device_id), BLOCKED, "")

    def add(self, address: str, claimed: str, name: str) -> Device:
        """Let a device in that has not tried yet. Raises ContractError for its address, Conflict, StoreBusy."""
        plain = plain_address(address[:100])
        if not plain:
            raise ContractError("address is missing: the IP address of the device.", ["address is no IP address"])
        claimed, now = clean(claimed)[:MAX_ID], self._now()
        device = self._devices.at(plain).get(claimed)
        if device is None:
            device = Device(str(uuid.uuid4()), plain, claimed, "", now, now, tries=0)
        return self._decide(device, ADMITTED, name)

    def rename(self, device_id: str, name: str) -> Device:
        """Give a device another name. Raises NotFound, StoreBusy."""
        devices = self._devices
        with devices.lock:
            device = devices.get(device_id)
            devices.store(device.changed(name=clean(name)[:MAX_NAME]))
            device.name, device.stored = clean(name)[:MAX_NAME], True
        self._changed(device.address)
        return device

    def remove(self, device_id: str) -> Device:
        """Take a decision back: the device is unknown again. Raises NotFound, StoreBusy."""
        devices = self._devices
        with devices.lock:
            device = devices.get(device_id)
            devices.store(None, [device.id])
            devices.remove([device.id], with_rows=False)
        self._changed(device.address)
        return device

    def _decide(self, device: Device, state: str, name: str) -> Device:
        devices = self._devices
        with devices.lock:
            known = devices.at(device.address)
            counts = devices.status()
            if device.state == WAITING and counts[ADMITTED] + counts[BLOCKED] >= MAX_DECIDED:
                raise Conflict(FULL)
            named = [one for one in known.values() if one.claimed]
            if not device.claimed and state == ADMITTED and any(one.state == BLOCKED for one in named):
                raise Conflict(BLOCKED_HERE)
            # A decision about the whole address is one about each device that waits there.
            covered = [one.id for one in named if one.state == WAITING] if not device.claimed else []
            made = device.changed(state=state, name=clean(name)[:MAX_NAME] or device.name, stored=True)
            devices.store(made, covered)
            # Attempts that came in meanwhile may have changed the device or added another one in its place.
            same = devices.at(made.address).get(made.claimed)
            devices.remove([made.id, *covered], with_rows=False)
            if same is not None and same.id != made.id:
                devices.remove([same.id])
            devices.insert(made)
        self._changed(made.address)
        log.info("The device %s at %s is %s by an operator.", made.claimed or "(every id)", made.address, state)
        return made

    def _changed(self, address: str) -> None:
        self._devices.decide(address)
        self._on_decision()
        self._devices.news.set()
