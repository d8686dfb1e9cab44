"""REST transport of pairing for devices. It is open to strangers, so everything is small and limited."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.contract.times import utc_text
from hub.devices.device import plain_address
from hub.devices.pairing import Pairings
from hub.http.answers import answer, part
from hub.http.body import json_object

pair_rest = Blueprint("pair_rest", __name__, url_prefix="/api/pair")

MAX_BODY = 4096
SECRET_HEADER = "X-Pair-Secret"


@pair_rest.post("")
@role(Role.OPEN)
def ask() -> Response:
    """Ask for admission: `name` and `kind` of the device. The code is for the operator, the secret for the device."""
    if not request.content_length or request.content_length > MAX_BODY:
        raise ContractError(f"Send name and kind as a JSON object of at most {MAX_BODY} bytes.", status=413)
    sent = json_object(request)
    address = plain_address(request.environ.get("REMOTE_ADDR", ""))
    pairing, secret = part(Pairings).ask(sent.get("name"), sent.get("kind"), address)
    return _private(
        {
            "success": True,
            "message": "An operator has to admit this device on the page /devices, where it shows this code",
            "id": pairing.id,
            "secret": secret,
            "code": pairing.code,
            "expires": utc_text(pairing.expires),
        },
        201,
    )


@pair_rest.get("/<pairing_id>")
@role(Role.OPEN)
def state(pairing_id: str) -> Response:
    """The state of a request, by its secret in the header X-Pair-Secret; the token is in it exactly once."""
    found, token = part(Pairings).answer(pairing_id, request.headers.get(SECRET_HEADER, "")[:200])
    body = {"success": True, "state": found}
    return _private({**body, "token": token} if token else body)


def _private(body: dict[str, object], status: int = 200) -> Response:
    """An answer that no cache may keep."""
    response = answer(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response
