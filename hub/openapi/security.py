"""Security schemes of the document, and which of them each operation accepts, by the role that it requires."""

from __future__ import annotations

from typing import Any

from hub.access.origins import SESSION_COOKIE
from hub.contract.roles import Requirement, Role

TOKEN, KEY, BOARD, SESSION = "deviceToken", "deviceKey", "boardToken", "session"
SCHEMES: dict[str, Any] = {
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a device; `Authorization: TOKEN` without the word Bearer is accepted, too.",
    },
    KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The token of a device, or the key of an approved registration.",
    },
    BOARD: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The token of AprilTag boards, as their firmware sends it.",
    },
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The session of an account, from `POST /login`; what changes something needs `Origin` as well.",
    },
}
DEVICE = (TOKEN, KEY)


def accepted(required: Requirement, asks_token: bool = False) -> list[dict[str, list[str]]]:
    """Security requirements of an operation, any one of which is enough; none where everybody may use it."""
    if required.role is Role.OPEN:
        names: tuple[str, ...] = (*DEVICE, BOARD) if asks_token else ()
    elif required.role is Role.DEVICE:
        names = (*DEVICE, SESSION) if required.readers else DEVICE
    else:
        names = (SESSION,)
    return [{name: []} for name in names]
