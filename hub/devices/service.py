"""Device registrations: pending until an operator approves or rejects them (docs/wire/lpr.md 1.7)."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
import uuid
from typing import Any

import orjson

from hub.access.name_register import NameRegister
from hub.contract.bounds import Limits, bounded
from hub.contract.errors import Conflict, ContractError, NotFound, TooManyRequests, Unauthorized, Unavailable
from hub.contract.paging import json_size
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.devices.repository import DEVICES, DeviceRepository
from hub.store.backend import Row
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

DISPLACED_PER_MINUTE = 200
MAX_SERIAL = 200
MAX_FIELDS_BYTES = 16_384
FIELDS_LIMITS = Limits(text=MAX_FIELDS_BYTES + 1, size=MAX_FIELDS_BYTES + 1024)  # a larger registration is refused
PENDING, APPROVED, REJECTED = "pending_approval", "approved", "rejected"
FIELDS = {
    "device_model": "deviceModel",
    "device_type": "deviceType",
    "ip_address": "ipAddress",
    "mac_address": "macAddress",
    "location_lat": "locationLat",
    "location_lng": "locationLng",
    "location_address": "locationAddress",
    "metadata": "metadata",
}


class Devices:
    """All registrations, in memory and durable. The key of an approved device is never logged."""

    def __init__(self, writer: Writer, repository: DeviceRepository, max_devices: int) -> None:
        self._writer, self._repository = writer, repository
        self._devices: dict[str, dict[str, Any]] = {}  # by serial
        self._keys: dict[bytes, str] = {}  # digest of an approved device's key -> its serial
        self._gone: set[str] = set()  # displaced devices, whose rows are still to be deleted
        self.names = NameRegister(max_devices, DISPLACED_PER_MINUTE)

    def load(self) -> None:
        """Load the stored registrations, without those that cannot be read."""
        devices = self._repository.unreadable.load(self._repository.load, _loaded, DEVICES)
        for device in sorted(devices, key=lambda device: device["last_seen"]):
            self._devices[device["serial"]] = device
            self._rank(device, "")
            self._keep_key(device)
        removed = self.names.trim()
        if removed:
            log.warning(
                "%d more devices are registered than the %d that the hub keeps; pending ones that were silent longest "
                "are removed.",
                len(removed),
                self.names.max_names,
            )
            self._remove(removed)

    def reload(self) -> None:
        """Another hub has changed registrations. Raises DatabaseError or LaneBusy."""
        rows = self._repository.unreadable.readable(self._repository.load(), _loaded, DEVICES)
        stored = {device["serial"]: device for device in rows if device["serial"] not in self._gone}
        for serial in self._devices.keys() - stored.keys():
            del self._devices[serial]
            self.names.remove(serial)
            self._keys = {digest: name for digest, name in self._keys.items() if name != serial}
        for serial, device in stored.items():
            known = self._devices.get(serial)
            if known is None or (known["status"], known["fields"]) != (device["status"], device["fields"]):
                self._devices[serial] = device
                self._rank(device, "")
                self._keep_key(device)

    def _rank(self, device: dict[str, Any], address: str) -> None:
        """Decide how far others give way before a device: an approved one never does."""
        if device["status"] == APPROVED:
            self.names.protect(device["serial"])
        else:
            self.names.remove(device["serial"])
            self.names.add(device["serial"], address, 0 if device["status"] == PENDING else 1)

    def _keep_key(self, device: dict[str, Any]) -> None:
        """Let the key of an approved device, and no earlier one of it, identify it."""
        self._keys = {digest: serial for digest, serial in self._keys.items() if serial != device["serial"]}
        key = device["fields"].get("api_key")
        if device["status"] == APPROVED and isinstance(key, str) and key:
            self._keys[_digest(key)] = device["serial"]

    def serial_of_key(self, key: str) -> str | None:
        """The serial of the approved device that has this key; None where no device has it."""
        return self._keys.get(_digest(key))

    def _remove(self, serials: list[str]) -> None:
        for serial in serials:
            self._devices.pop(serial, None)
            self._gone.add(serial)

    def register(self, data: dict[str, Any], address: str = "unknown address") -> dict[str, Any]:
        """Add a pending device. Raises ContractError, Conflict when it is registered, TooManyRequests."""
        serial = _serial(data.get("serial_number", data.get("serialNumber")))
        if serial in self._devices:
            raise Conflict("This device is registered already; ask for its state by its serial.")
        fields = {key: value for key, camel in FIELDS.items() if (value := data.get(key, data.get(camel))) is not None}
        fields = bounded(fields, "", [], FIELDS_LIMITS)
        if len(orjson.dumps(fields)) > MAX_FIELDS_BYTES:
            raise ContractError("The registration is too large; at most 16 KB are taken.", status=413)
        gone = self.names.make_room(address)
        if gone is None:
            raise TooManyRequests(
                "Too many devices are registered (limits.max_registrations); an operator has to reject some first.",
                retry_after=60,
            )
        self._remove(gone)
        self.names.add(serial, address)
        now = time.time()
        try:
            return self._put(
                {
                    "id": str(uuid.uuid4()),
                    "serial": serial,
                    "status": PENDING,
                    "fields": {"sent": fields},
                    "registered_at": now,
                    "last_seen": now,
                }
            )
        except Unavailable:
            self.names.remove(serial)  # not stored: its sender registers again
            raise

    def by_serial(self, serial: str | int) -> dict[str, Any]:
        """The registration with this serial. Raises NotFound."""
        device = self._devices.get(clean(serial)[:MAX_SERIAL])
        if device is None:
            raise NotFound("This device is not registered.")
        return device

    def decide(self, device_id: str, approved: bool, reason: Any = "") -> dict[str, Any]:
        """Approve or reject a device; a `reason` that is no text is left out. Raises NotFound."""
        device = next((device for device in self._devices.values() if device["id"] == device_id), None)
        if device is None:
            raise NotFound("There is no device with this id.")
        fields = {"sent": device["fields"]["sent"], "decided_at": time.time()}
        fields |= (
            {"api_key": secrets.token_urlsafe(32)}
            if approved
            else {"reason": clean(reason)[:500] if isinstance(reason, (str, int)) else ""}
        )
        decided = self._put({**device, "status": APPROVED if approved else REJECTED, "fields": fields})
        self._rank(decided, "")
        self._keep_key(decided)
        return decided

    def heartbeat(self, serial: str | int, key: str) -> None:
        """Note that a device is alive. Raises NotFound, or Unauthorized for a wrong key or one not approved."""
        device = self.by_serial(serial)
        right = device["fields"].get("api_key", "")
        if not right or not hmac.compare_digest(right.encode(), key.encode("utf-8", "replace")):
            raise Unauthorized("The API key is not the one of this device.")
        device["last_seen"] = time.time()

    def _put(self, device: dict[str, Any]) -> dict[str, Any]:
        row = {**device, "fields": orjson.dumps(device["fields"], option=orjson.OPT_NON_STR_KEYS).decode()}
        gone, self._gone = self._gone - {device["serial"]}, set()

        def job(transaction: Transaction) -> None:
            self._repository.delete_devices(transaction, gone)
            self._repository.replace_device(transaction, row)

        try:
            self._writer.write(job)
        except Unavailable:
            self._gone |= gone - self._devices.keys()
            raise
        self._devices[device["serial"]] = device
        return device

    def all(self) -> list[dict[str, Any]]:
        """Every device for the operator, without keys."""
        return [shown(device) for device in self._devices.values()]

    def known(self) -> list[dict[str, Any]]:
        """Every registration, the oldest first."""
        return list(self._devices.values())


def shown(device: dict[str, Any]) -> dict[str, Any]:
    """A device for the operator, without its key."""
    return {
        "id": device["id"],
        "serial_number": device["serial"],
        "status": device["status"],
        **device["fields"]["sent"],
        "registered_at": utc_text(device["registered_at"]),
        "last_seen": utc_text(device["last_seen"]),
    }


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _loaded(row: Row) -> dict[str, Any]:
    device = {**dict(row), "fields": orjson.loads(row["fields"])}
    json_size([shown(device), reply(device)])
    if device["status"] not in (PENDING, APPROVED, REJECTED):
        raise ValueError("its status is unknown")
    return device


def reply(device: dict[str, Any]) -> dict[str, Any]:
    """A device's registration as it is sent to the device itself."""
    body = {
        "success": True,
        "id": device["id"],
        "serialNumber": device["serial"],
        "registrationStatus": device["status"],
    }
    fields = device["fields"]
    if device["status"] == APPROVED:
        body |= {"apiKey": fields["api_key"], "approvedAt": utc_text(fields["decided_at"])}
    elif device["status"] == REJECTED:
        body["rejectionReason"] = fields.get("reason", "")
    return body


def _serial(value: Any) -> str:
    text = clean(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > MAX_SERIAL:
        raise ContractError(
            f"serial_number is missing: a text of at most {MAX_SERIAL} characters.",
            ["serial_number is missing or too long"],
        )
    return text
