"""What the gate and the transports ask about devices: who may send, and who is to wait for an operator.

Anybody who reaches the hub can appear as waiting. So waiting devices are bounded in all and for each address, those
that were silent longest give way to new ones, and their rows are written now and then, not with each try.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from time import monotonic
from typing import Any

from hub.access.admissions import NOT_ADMITTED, RETRY_SECONDS, Attempt
from hub.contract.errors import RequestError, Unauthorized
from hub.contract.roles import Principal
from hub.contract.text import clean
from hub.devices.device import BLOCKED, MAX_ID, WAITING, Device, owns, plain_address, sent_by, site_of
from hub.devices.known_devices import KnownDevices, rank_of
from hub.runtime.log_throttle import LogThrottle

log = logging.getLogger(__name__)

BLOCKED_DEVICE = "This device is blocked at this hub; an operator can admit it on the page /devices."


class NotAdmitted(Unauthorized):
    """The sender is not let in yet (401); the same record may be accepted after an operator has decided."""

    def __init__(self) -> None:
        super().__init__(NOT_ADMITTED, retry_after=RETRY_SECONDS)


class DeviceAdmissions:
    """`hub.access.admissions.Admissions` over the known devices."""

    def __init__(
        self,
        devices: KnownDevices,
        waiting_per_address: int,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._devices, self._waiting_per_address, self._now = devices, waiting_per_address, now
        self._throttle = LogThrottle(10.0, clock)
        self.refused_tries = 0

    def principal_of(self, address: str) -> Principal | None:
        """Who sends from an address, where an operator has decided about it; None where it is unknown."""
        address = plain_address(address)
        found = self._devices.principals.get(address)
        if found is not None and (device := self._devices.at(address).get("")) is not None:
            self._seen(device)
        return found

    def note(self, attempt: Attempt) -> None:
        """Remember that an unknown device has tried. Never raises."""
        self.refused_tries += not attempt.again
        address, claimed = plain_address(attempt.address), clean(attempt.claimed)[:MAX_ID]
        if not address:
            return
        known = self._devices.at(address)
        whole, device = known.get(""), known.get(claimed)
        if device is not None:
            self._tried(device, attempt)
        elif whole is not None and whole.state != WAITING:
            self._seen(whole)  # a decision about the whole address is one about each of its devices
        elif claimed and whole is not None:
            self._devices.rename(whole, claimed)  # the same device, which now tells its id
            self._tried(whole, attempt)
            self._devices.news.set()
        elif not claimed and (named := _newest_waiting(known)) is not None:
            named.tries += 1  # a request of a device that is known by an id from another one
            self._seen(named)
        else:
            self._add(attempt, address, claimed)

    def check(self, principal: Principal, attempt: Attempt) -> None:
        """Raise Unauthorized where the principal may not send as `attempt.claimed`, which then waits.

        Raises RequestError (403) where an operator has blocked it.
        """
        claimed = clean(attempt.claimed)[:MAX_ID]
        device = self._devices.at(plain_address(attempt.address)).get(claimed)
        if principal.ids is None or owns(principal.ids, claimed) or attempt.sent.get("serial") in principal.ids:
            if device is not None:
                self._seen(device)
            return
        if device is not None and device.state == BLOCKED:
            self._seen(device)
            raise RequestError(BLOCKED_DEVICE, status=403)
        self.note(attempt)
        raise NotAdmitted

    def _seen(self, device: Device) -> None:
        device.last_seen = self._now()
        self._devices.touched(device)

    def _tried(self, device: Device, attempt: Attempt) -> None:
        device.tries += not attempt.again
        device.transport, device.sent = attempt.transport[:40], sent_by(attempt)
        self._seen(device)

    def _add(self, attempt: Attempt, address: str, claimed: str) -> None:
        """A new waiting device, where there is room for it."""
        devices = self._devices
        waiting = [device for device in devices.at(address).values() if device.state == WAITING]
        if len(waiting) >= self._waiting_per_address:
            devices.remove([min(waiting, key=lambda device: device.last_seen).id])
        gone = devices.names.make_room(site_of(address))
        if gone is None:
            return
        devices.remove(gone)
        now, transport = self._now(), attempt.transport[:40]
        device = Device(str(uuid.uuid4()), address, claimed, transport, now, now, sent=sent_by(attempt))
        devices.insert(device)
        devices.names.add(device.id, site_of(address), rank_of(transport))
        devices.touched(device)
        devices.news.set()
        if self._throttle.due():
            log.info(
                "A device at %s waits to be let in (%s, %s); an operator decides on /devices.",
                address,
                claimed or "without an id",
                transport,
            )

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {**self._devices.status(), "refused_tries": self.refused_tries}


def _newest_waiting(known: dict[str, Device]) -> Device | None:
    waiting = [device for device in known.values() if device.state == WAITING]
    return max(waiting, key=lambda device: device.last_seen) if waiting else None
