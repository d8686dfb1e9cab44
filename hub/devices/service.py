"""Device registrations: pending until an operator approves or rejects them (docs/wire/lpr.md 1.7)."""

from __future__ import annotations

import hmac
import secrets
import time
import uuid
from typing import Any

import orjson

from hub.contract.bounds import Limits, bounded
from hub.contract.errors import Conflict, ContractError, NotFound, TooManyRequests, Unauthorized
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.devices.repository import DeviceRepository
from hub.store.writer import Writer

MAX_DEVICES = 1000
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

    def __init__(self, writer: Writer, repository: DeviceRepository) -> None:
        self._writer, self._repository = writer, repository
        self._devices: dict[str, dict[str, Any]] = {}  # by serial

    def load(self) -> None:
        """Load the stored registrations."""
        for row in self._repository.load():
            self._devices[row["serial"]] = {**dict(row), "fields": orjson.loads(row["fields"])}

    def register(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add a pending device. Raises ContractError, Conflict when it is registered, TooManyRequests."""
        serial = _serial(data.get("serial_number", data.get("serialNumber")))
        if serial in self._devices:
            raise Conflict("This device is registered already; ask for its state by its serial.")
        if len(self._devices) >= MAX_DEVICES:
            raise TooManyRequests(
                "Too many devices are registered; an operator has to reject some first.", retry_after=60
            )
        fields = {key: value for key, camel in FIELDS.items() if (value := data.get(key, data.get(camel))) is not None}
        fields = bounded(fields, "", [], FIELDS_LIMITS)
        if len(orjson.dumps(fields)) > MAX_FIELDS_BYTES:
            raise ContractError("The registration is too large; at most 16 KB are taken.", status=413)
        now = time.time()
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
        return self._put({**device, "status": APPROVED if approved else REJECTED, "fields": fields})

    def heartbeat(self, serial: str | int, key: str) -> None:
        """Note that a device is alive. Raises NotFound, or Unauthorized for a wrong key or one not approved."""
        device = self.by_serial(serial)
        right = device["fields"].get("api_key", "")
        if not right or not hmac.compare_digest(right.encode(), key.encode("utf-8", "replace")):
            raise Unauthorized("The API key is not the one of this device.")
        device["last_seen"] = time.time()

    def _put(self, device: dict[str, Any]) -> dict[str, Any]:
        row = {**device, "fields": orjson.dumps(device["fields"], option=orjson.OPT_NON_STR_KEYS).decode()}
        self._writer.write(lambda transaction: self._repository.replace_device(transaction, row))
        self._devices[device["serial"]] = device
        return device

    def all(self) -> list[dict[str, Any]]:
        """Every device for the operator, without keys."""
        return [
            {
                "id": device["id"],
                "serial_number": device["serial"],
                "status": device["status"],
                **device["fields"]["sent"],
                "registered_at": utc_text(device["registered_at"]),
                "last_seen": utc_text(device["last_seen"]),
            }
            for device in self._devices.values()
        ]


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
