"""The routes of admission, tokens and pairing in the OpenAPI document (docs/devices.md)."""

from __future__ import annotations

from hub.devices import pairing
from hub.devices.device import MAX_ID, MAX_NAME, STATES
from hub.devices.pair_rest import MAX_BODY, SECRET_HEADER
from hub.openapi.operation import Operation, header, in_path, json_answer, json_body, success
from hub.openapi.schema import (
    Named,
    SchemaLike,
    accepted,
    anything,
    choice,
    fields,
    instant,
    items,
    nullable,
    text,
    whole,
)

TAG = "Devices and tokens"
NAMED = text(f"Shown on pages; at most {MAX_NAME} characters are kept.")
DEVICE = Named(
    "KnownDevice",
    fields(
        {
            "id": text("The hub's id of the device."),
            "address": text("Its IP address."),
            "claimed": text("The id that it gives itself; empty for every device of the address."),
            "transport": text("How it came in last."),
            "name": text(),
            "state": choice(STATES),
            "first_seen": instant(),
            "last_seen": instant(),
            "tries": whole("How often it tried before it was let in.", 0),
            "sent": {
                "type": "object",
                "additionalProperties": text(),
                "description": "What its last message said about it.",
            },
        }
    ),
)
PAIRING = Named(
    "PairingRequest",
    fields(
        {
            "id": text(),
            "code": text("Six digits, which the device shows, too."),
            "name": text(),
            "kind": text(),
            "address": text("Of the device."),
            "state": choice((pairing.WAITING, pairing.ADMITTED, pairing.REFUSED, pairing.DELIVERED)),
            "asked_at": instant(),
            "expires": instant(),
        }
    ),
)
TOKEN_FIELDS: dict[str, SchemaLike] = {
    "id": text("The id of the token."),
    "name": text("Of its device."),
    "created_at": nullable(instant()),
    "last_used": nullable(instant()),
    "revoked_at": nullable(instant()),
}
TOKEN = Named("DeviceToken", fields(TOKEN_FIELDS, description="A token without its text."))
OPTIONAL_NAME = json_body(accepted({"name": anything("Shown on pages.")}), {"name": "Gate camera"}, required=False)
TOKEN_NAME = json_body(
    fields({"name": {"type": ["string", "integer"], "description": NAMED["description"]}}, additionalProperties=True),
    {"name": "Gate camera"},
)
DEVICE_ID = in_path("device_id", "The hub's id of the device.")
TOKEN_ID = in_path("token_id", "The id of the token.")
PAIRING_ID = in_path("pairing_id", "The id of the request.")
WITH_DEVICE = success({"message": text(), "device": DEVICE})
WITH_TOKEN = success({"message": text(), **TOKEN_FIELDS})
WITH_PAIRING = success({"message": text(), "pairing": PAIRING})
BODY_ERRORS = (400, 413, 415)
OPERATIONS = {
    "GET /api/access/devices": Operation(
        TAG,
        {
            200: json_answer(
                "The devices.", success({**{state: items(DEVICE) for state in STATES}, "pairings": items(PAIRING)})
            )
        },
    ),
    "POST /api/access/devices": Operation(
        TAG,
        {201: json_answer("The device is let in.", WITH_DEVICE)},
        errors=(*BODY_ERRORS, 409, 503),
        body=json_body(
            fields(
                {
                    "address": text("The IP address of the device."),
                    "id": text(f"The id that it gives itself; the first {MAX_ID} characters count."),
                    "name": NAMED,
                },
                ["id", "name"],
                additionalProperties=True,
            ),
            {"address": "192.168.1.20", "id": "gate-1", "name": "Gate camera"},
        ),
    ),
    "POST /api/access/devices/{device_id}/admit": Operation(
        TAG,
        {200: json_answer("The device is let in.", WITH_DEVICE)},
        errors=(*BODY_ERRORS, 404, 409, 503),
        parameters=[DEVICE_ID],
        body=OPTIONAL_NAME,
    ),
    "POST /api/access/devices/{device_id}/block": Operation(
        TAG,
        {200: json_answer("The device is blocked.", WITH_DEVICE)},
        errors=(404, 409, 503),
        parameters=[DEVICE_ID],
    ),
    "PUT /api/access/devices/{device_id}": Operation(
        TAG,
        {200: json_answer("The device is renamed.", WITH_DEVICE)},
        errors=(*BODY_ERRORS, 404, 503),
        parameters=[DEVICE_ID],
        body=OPTIONAL_NAME,
    ),
    "DELETE /api/access/devices/{device_id}": Operation(
        TAG,
        {200: json_answer("The device is unknown again.", success({"message": text()}))},
        errors=(404, 503),
        parameters=[DEVICE_ID],
    ),
    "GET /api/access/tokens": Operation(
        TAG,
        {
            200: json_answer(
                "The tokens.",
                success(
                    {
                        "tokens": items(TOKEN),
                        "common_token_file": text("The file in the hub's folder with the token of all devices."),
                    }
                ),
            )
        },
    ),
    "POST /api/access/tokens": Operation(
        TAG,
        {
            201: json_answer(
                "The token is made.",
                success({"message": text(), **TOKEN_FIELDS, "token": text("The token; it is shown this once.")}),
            )
        },
        errors=(*BODY_ERRORS, 409, 503),
        body=TOKEN_NAME,
    ),
    "PUT /api/access/tokens/{token_id}": Operation(
        TAG,
        {200: json_answer("The token is renamed.", WITH_TOKEN)},
        errors=(*BODY_ERRORS, 404, 503),
        parameters=[TOKEN_ID],
        body=TOKEN_NAME,
    ),
    "DELETE /api/access/tokens/{token_id}": Operation(
        TAG,
        {200: json_answer("The token is invalid.", WITH_TOKEN)},
        errors=(404, 503),
        parameters=[TOKEN_ID],
    ),
    "POST /api/access/pairings/{pairing_id}/admit": Operation(
        TAG,
        {200: json_answer("The device may fetch its token.", WITH_PAIRING)},
        errors=(*BODY_ERRORS, 404, 409),
        parameters=[PAIRING_ID],
        body=OPTIONAL_NAME,
    ),
    "POST /api/access/pairings/{pairing_id}/refuse": Operation(
        TAG,
        {200: json_answer("The device is refused.", WITH_PAIRING)},
        errors=(404, 409),
        parameters=[PAIRING_ID],
    ),
    "GET /api/access/self": Operation(
        TAG,
        {
            200: json_answer(
                "The sender is let in.",
                success(
                    {
                        "message": text(),
                        "kind": text("What the sender is: local, network, device or account."),
                        "name": text("Its name."),
                    }
                ),
            )
        },
        errors=(401, 403),
    ),
    "POST /api/pair": Operation(
        TAG,
        {
            201: json_answer(
                "The request waits for an operator.",
                success(
                    {
                        "message": text(),
                        "id": text("The id of the request."),
                        "secret": text(f"For {SECRET_HEADER}."),
                        "code": text("Six digits, which the operator sees, too."),
                        "expires": instant(),
                    }
                ),
            )
        },
        errors=(*BODY_ERRORS, 429),
        body=json_body(
            fields(
                {"name": text("What the device is called."), "kind": anything("What it is.")},
                ["kind"],
                additionalProperties=True,
            ),
            {"name": "Weighbridge 1", "kind": "agent"},
            f"At most {MAX_BODY} bytes.",
        ),
    ),
    "GET /api/pair/{pairing_id}": Operation(
        TAG,
        {
            200: json_answer(
                "The state of the request.",
                success(
                    {
                        "state": choice((pairing.WAITING, pairing.ADMITTED, pairing.REFUSED, pairing.DELIVERED)),
                        "token": text("The device's token, once: after it was admitted."),
                    },
                    ["token"],
                ),
            )
        },
        errors=(401, 404, 409, 503),
        parameters=[PAIRING_ID, header(SECRET_HEADER, "The secret of the request.", required=True)],
    ),
}
