"""REST transport of the device registry (docs/wire/lpr.md 1.7)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.paging import page_of
from hub.contract.roles import Role
from hub.devices.service import Devices, reply, shown
from hub.http.answers import answer, note_change, part
from hub.http.body import json_object
from hub.http.query import cursor
from hub.runtime.offload import offload

devices_rest = Blueprint("devices_rest", __name__)


@devices_rest.post("/device-registration/register")
@role(Role.DEVICE)
def register() -> Response:
    """Register a device; it is pending until an operator decides."""
    device = part(Devices).register(json_object(request), request.remote_addr or "unknown address")
    return answer({**reply(device), "message": "Device registered; an operator has to approve it"}, 201)


@devices_rest.get("/device-registration/serial/<path:serial>")
@role(Role.DEVICE)
def state(serial: str) -> Response:
    """The state of a device by its serial, with its key once it is approved."""
    return answer({**reply(part(Devices).by_serial(serial)), "message": "Device known"})


@devices_rest.post("/device-registration/heartbeat")
@role(Role.DEVICE)
def heartbeat() -> Response:
    """Note that an approved device is alive."""
    serial = request.headers.get("X-Device-Serial") or json_object(request).get("serialNumber", "")
    part(Devices).heartbeat(serial if isinstance(serial, (str, int)) else "", request.headers.get("X-API-Key", ""))
    return answer({"success": True, "message": "Heartbeat received"})


@devices_rest.get("/api/devices")
@role(Role.VIEWER)
def devices() -> Response:
    """Every device, for the operator; `cursor` goes on where a page ended."""
    found, start = part(Devices).known(), cursor(request.args.get("cursor")) or 0
    rows, following = offload(page_of, found, start, len(found), shown)
    return answer(
        {
            "success": True,
            "devices": rows,
            "total_count": len(found),
            "next_cursor": str(following) if following is not None else None,
        }
    )


@devices_rest.post("/api/devices/<device_id>/approve")
@role(Role.OPERATOR)
def approve(device_id: str) -> Response:
    """Approve a device."""
    device = part(Devices).decide(device_id, True)
    note_change("device.approve", device["serial"])
    return answer({"success": True, "message": "Device approved"})


@devices_rest.post("/api/devices/<device_id>/reject")
@role(Role.OPERATOR)
def reject(device_id: str) -> Response:
    """Reject a device; `reason` is sent to it."""
    sent = json_object(request) if request.content_length else {}
    device = part(Devices).decide(device_id, False, sent.get("reason", ""))
    note_change("device.reject", device["serial"], {"reason": device["fields"]["reason"]})
    return answer({"success": True, "message": "Device rejected"})
