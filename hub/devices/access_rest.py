"""REST transport of devices that wait or were let in, of their tokens and of pairing requests, for the operator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.devices.decisions import Decisions
from hub.devices.device import STATES, Device
from hub.devices.known_devices import KnownDevices
from hub.devices.pairing import Pairings
from hub.devices.tokens import DeviceTokens
from hub.http.answers import answer, current_hub, note_change, part, principal
from hub.http.body import json_object

access_rest = Blueprint("access_rest", __name__, url_prefix="/api/access")


def _sent() -> dict[str, Any]:
    """The object of the body; empty where there is no body."""
    return json_object(request) if request.content_length else {}


def _note(action: str, device: Device) -> None:
    """Record a decision about a device in the audit log."""
    target = f"{device.claimed or 'every device'} at {device.address}"
    note_change(action, target, {"id": device.id, "name": device.name})


@access_rest.get("/devices")
@role(Role.VIEWER)
def devices() -> Response:
    """Devices by state, those that were heard last first: waiting, admitted, blocked; and pairing requests."""
    known = part(KnownDevices)
    return answer(
        {
            "success": True,
            **{state: [device.shown() for device in known.in_state(state)] for state in STATES},
            "pairings": [pairing.shown() for pairing in part(Pairings).open()],
        }
    )


@access_rest.post("/devices")
@role(Role.OPERATOR)
def add() -> Response:
    """Let a device in before it tries: `address`, `id` (left out: every device of the address), `name`."""
    sent = _sent()
    address, claimed, name = (sent.get(key, "") for key in ("address", "id", "name"))
    if not all(isinstance(value, str) for value in (address, claimed, name)):
        raise ContractError("address, id and name are texts.")
    device = part(Decisions).add(address, claimed, name)
    _note("device.admit", device)
    return answer({"success": True, "message": "Device let in", "device": device.shown()}, 201)


@access_rest.post("/devices/<device_id>/admit")
@role(Role.OPERATOR)
def admit(device_id: str) -> Response:
    """Let a device in, by its address and the id that it gives itself; `name` is shown on pages."""
    device = part(Decisions).admit(device_id, str(_sent().get("name", "")))
    _note("device.admit", device)
    return answer({"success": True, "message": "Device let in", "device": device.shown()})


@access_rest.post("/devices/<device_id>/block")
@role(Role.OPERATOR)
def block(device_id: str) -> Response:
    """Refuse a device from now on, without showing it as waiting."""
    device = part(Decisions).block(device_id)
    _note("device.block", device)
    return answer({"success": True, "message": "Device blocked", "device": device.shown()})


@access_rest.put("/devices/<device_id>")
@role(Role.OPERATOR)
def rename(device_id: str) -> Response:
    """Give a device another `name`."""
    device = part(Decisions).rename(device_id, str(_sent().get("name", "")))
    _note("device.rename", device)
    return answer({"success": True, "message": "Device renamed", "device": device.shown()})


@access_rest.delete("/devices/<device_id>")
@role(Role.OPERATOR)
def remove(device_id: str) -> Response:
    """Take a decision back; the device waits again as soon as it tries."""
    _note("device.remove", part(Decisions).remove(device_id))
    return answer({"success": True, "message": "Device removed; it waits again when it tries"})


@access_rest.get("/tokens")
@role(Role.ADMIN)
def tokens() -> Response:
    """Every token without its text, the revoked ones last."""
    rows = [token.shown() for token in part(DeviceTokens).newest_first()]
    path = current_hub().settings.device_token_path
    return answer({"success": True, "tokens": rows, "common_token_file": path.name})


@access_rest.post("/tokens")
@role(Role.ADMIN)
def make_token() -> Response:
    """Make a token for a device called `name`; the answer is the only place where its text is shown."""
    token, text = part(DeviceTokens).make(_sent().get("name"))
    note_change("token.make", token.name, {"id": token.id})
    made = answer(
        {"success": True, "message": "Token made; it is shown this once", **token.shown(), "token": text}, 201
    )
    made.headers["Cache-Control"] = "no-store"
    return made


@access_rest.put("/tokens/<token_id>")
@role(Role.ADMIN)
def rename_token(token_id: str) -> Response:
    """Give a token another `name`."""
    token = part(DeviceTokens).rename(token_id, _sent().get("name"))
    note_change("token.rename", token.name, {"id": token.id})
    return answer({"success": True, "message": "Token renamed", **token.shown()})


@access_rest.delete("/tokens/<token_id>")
@role(Role.ADMIN)
def revoke_token(token_id: str) -> Response:
    """Revoke a token: it is invalid at once."""
    token = part(DeviceTokens).revoke(token_id)
    note_change("token.revoke", token.name, {"id": token.id})
    return answer({"success": True, "message": "Token revoked", **token.shown()})


@access_rest.post("/pairings/<pairing_id>/admit")
@role(Role.OPERATOR)
def admit_pairing(pairing_id: str) -> Response:
    """Let the device of a pairing request fetch a token; `name` replaces the one that it gave."""
    pairing = part(Pairings).decide(pairing_id, True, _sent().get("name", ""))
    note_change("pairing.admit", pairing.name, {"address": pairing.address, "kind": pairing.kind})
    return answer({"success": True, "message": "Device let in; it fetches its token", "pairing": pairing.shown()})


@access_rest.post("/pairings/<pairing_id>/refuse")
@role(Role.OPERATOR)
def refuse_pairing(pairing_id: str) -> Response:
    """Refuse a pairing request."""
    pairing = part(Pairings).decide(pairing_id, False)
    note_change("pairing.refuse", pairing.name, {"address": pairing.address, "kind": pairing.kind})
    return answer({"success": True, "message": "Pairing refused", "pairing": pairing.shown()})


@access_rest.get("/self")
@role(Role.DEVICE, readers=True)
def own() -> Response:
    """Whether the sender is let in, and as whom; a device that is not appears as waiting."""
    found = principal()
    return answer({"success": True, "message": "This hub serves you", "kind": found.kind, "name": found.name})
