"""REST: devices that register themselves, the operator's decision, and the /api/v1 names of older clients (wire/lpr.md 1.7)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..services.devices import told
from .body import json_object
from .lpr_rest import posted
from .rest import answer, hub

lpr_devices = Blueprint("lpr_devices", __name__)


@lpr_devices.post("/device-registration/register")
def register() -> Response:
    device = hub().devices.register(json_object(request))
    return answer({**told(device), "message": "Device registered; an operator has to approve it"}, 201)


@lpr_devices.get("/device-registration/serial/<path:serial>")
def state(serial: str) -> Response:
    return answer({**told(hub().devices.by_serial(serial)), "message": "Device known"})


@lpr_devices.post("/device-registration/heartbeat")
def heartbeat() -> Response:
    serial = request.headers.get("X-Device-Serial") or str(json_object(request).get("serialNumber", ""))
    hub().devices.heartbeat(serial, request.headers.get("X-API-Key", ""))
    return answer({"success": True, "message": "Heartbeat received"})


@lpr_devices.get("/api/devices")
def devices() -> Response:
    rows = hub().devices.all()
    return answer({"success": True, "devices": rows, "total_count": len(rows)})


@lpr_devices.post("/api/devices/<device_id>/approve")
def approve(device_id: str) -> Response:
    hub().devices.decide(device_id, True)
    return answer({"success": True, "message": "Device approved"})


@lpr_devices.post("/api/devices/<device_id>/reject")
def reject(device_id: str) -> Response:
    """`reason` is told to the device."""
    sent = json_object(request) if request.content_length else {}
    hub().devices.decide(device_id, False, str(sent.get("reason", "")))
    return answer({"success": True, "message": "Device rejected"})


@lpr_devices.post("/api/v1/detection")
def detection() -> Response:
    return posted("/api/detection")


@lpr_devices.post("/api/v1/health")
def health() -> Response:
    return posted("/api/health")


@lpr_devices.route("/api/v1/config", methods=["GET", "POST"])
def config() -> Response:
    """This hub sets nothing on cameras; what it can say is when it takes them for gone."""
    return answer({"success": True, "message": "Configuration received; this hub sets nothing on cameras",
                   "config": {"offline_seconds": hub().settings.lpr.offline_seconds}})
