"""The opening handshake of a WebSocket: validation of the request, and the 101 answer (RFC 6455, section 4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from hub.net.http_error import HttpError

VERSION = "13"


def wants_websocket(environ: dict[str, Any]) -> bool:
    """True for an upgrade request, valid or not."""
    return bool(environ.get("HTTP_UPGRADE", "").lower() == "websocket")


def check_upgrade(environ: dict[str, Any], has_body: bool) -> None:
    """Raise `HttpError` (400 or 426) for an invalid upgrade request."""
    if environ["REQUEST_METHOD"] != "GET" or environ["SERVER_PROTOCOL"] != "HTTP/1.1" or has_body:
        raise HttpError(400, "A WebSocket is opened by a GET request of HTTP/1.1 without a body.")
    if "upgrade" not in (token.strip().lower() for token in environ.get("HTTP_CONNECTION", "").split(",")):
        raise HttpError(400, "The header Connection: Upgrade is missing; a proxy between may have removed it.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != VERSION:
        headers = (("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION))
        raise HttpError(426, f"This server speaks WebSocket version {VERSION}.", headers)
    try:
        size = len(base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size != 16:
        raise HttpError(400, "Sec-WebSocket-Key must be 16 bytes in base64.")


def switching_protocols(environ: dict[str, Any], guid: str) -> bytes:
    """Encode the 101 answer. No extension is accepted: compressing pictures gains nothing and blocks the event loop."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"] + guid
    accept = base64.b64encode(hashlib.sha1(key.encode("latin-1")).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
    ]
    offered = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")[0].strip()
    if offered:
        # Browsers close the connection when none of the subprotocols that they offer is chosen.
        lines.append(f"Sec-WebSocket-Protocol: {offered}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
