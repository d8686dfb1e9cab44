"""The routes of device registration in the OpenAPI document (docs/wire/lpr.md 1.7)."""

from __future__ import annotations

from hub.devices.service import APPROVED, FIELDS, MAX_SERIAL, PENDING, REJECTED
from hub.http.parameters import CURSOR
from hub.openapi.operation import Operation, header, in_path, json_answer, json_body, page_answer, success
from hub.openapi.schema import Named, accepted, anything, choice, fields, instant, scalar, text, whole

TAG = "Device registration"
STATES = choice((PENDING, APPROVED, REJECTED))
REGISTRATION = {
    "id": text("The hub's id of the device."),
    "serialNumber": text("The device's own serial."),
    "registrationStatus": STATES,
    "apiKey": text("The key of an approved device."),
    "approvedAt": instant("When it was approved."),
    "rejectionReason": text("Why it was rejected."),
    "message": text(),
}
ONLY_DECIDED = ("apiKey", "approvedAt", "rejectionReason")
SENT = {
    **{key: anything(f"Kept and shown to operators, also as `{camel}`.") for key, camel in FIELDS.items()},
    "serial_number": {
        "type": ["string", "integer"],
        "maxLength": MAX_SERIAL,
        "description": "The device's own serial, also as `serialNumber`; required under one of the names.",
    },
}
DEVICE = Named(
    "Device",
    fields(
        {
            "id": text("The hub's id of the device."),
            "serial_number": text("The device's own serial."),
            "status": STATES,
            **{key: anything("As the device sent it.") for key in FIELDS},
            "registered_at": instant(),
            "last_seen": instant(),
        },
        FIELDS,
    ),
)
ID = in_path("device_id", "The hub's id of the device.")
DECIDED = json_answer("The decision is stored.", success({"message": text()}))
OPERATIONS = {
    "POST /device-registration/register": Operation(
        TAG,
        {201: json_answer("The device is registered and pending.", success(REGISTRATION, ONLY_DECIDED))},
        errors=(400, 409, 413, 415, 429, 503),
        body=json_body(
            accepted(SENT, "At most 16 KB."), {"serial_number": "PI-000042", "device_model": "Pi 5", "metadata": {}}
        ),
    ),
    "GET /device-registration/serial/{serial}": Operation(
        TAG,
        {200: json_answer("The device is known.", success(REGISTRATION, ONLY_DECIDED))},
        errors=(404,),
        parameters=[in_path("serial", "The device's own serial.")],
    ),
    "POST /device-registration/heartbeat": Operation(
        TAG,
        {200: json_answer("The device's last contact is noted.", success({"message": text()}))},
        errors=(400, 401, 404, 413, 415),
        parameters=[header("X-Device-Serial", "The device's serial."), header("X-API-Key", "The device's key.")],
        body=json_body(
            accepted({"serialNumber": scalar("The serial, where there is no header with it.")}), required=False
        ),
    ),
    "GET /api/devices": Operation(
        TAG,
        {200: page_answer("A page of devices.", "devices", DEVICE, {"total_count": whole("Devices in all.", 0)})},
        errors=(400,),
        parameters=[CURSOR],
    ),
    "POST /api/devices/{device_id}/approve": Operation(TAG, {200: DECIDED}, errors=(404, 503), parameters=[ID]),
    "POST /api/devices/{device_id}/reject": Operation(
        TAG,
        {200: DECIDED},
        errors=(400, 404, 413, 415, 503),
        parameters=[ID],
        body=json_body(accepted({"reason": scalar("Why; sent to the device.")}), {"reason": "Unknown"}, required=False),
    ),
}
