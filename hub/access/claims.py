"""What a refused request tells of its sender: its headers, and a small body that arrived together with them."""

from __future__ import annotations

import io
from typing import Any

from hub.contract.errors import RequestError
from hub.contract.json_text import decode
from hub.contract.text import clean
from hub.net.wsgi import Environ

# Keys of cameras first, in the order of hub.lpr.contract: the id that is checked is the one that is stored.
ID_KEYS = (
    "camera_id",
    "aicamera_id",
    "device_id",
    "cameraId",
    "aicameraId",
    "edge_id",
    "station",
    "station_id",
    "serialNumber",
    "serial_number",
)
PEEK_BYTES = 16 * 1024
MAX_TEXT = 200


def claimed_id(environ: Environ) -> str:
    """The id that the sender gives itself; "" where it is not known."""
    serial = clean(environ.get("HTTP_X_DEVICE_SERIAL", ""))[:MAX_TEXT]
    if serial:
        return serial
    body = environ.get("wsgi.input")
    if not isinstance(body, io.BytesIO):
        return ""
    data = body.getbuffer()
    if not 0 < len(data) <= PEEK_BYTES or bytes(data[:1]) != b"{":
        return ""
    try:
        return claimed_in(decode(bytes(data)))
    except RequestError:
        return ""


def claimed_in(record: Any) -> str:
    """The id in a sender's object."""
    if not isinstance(record, dict):
        return ""
    for key in ID_KEYS:
        value = record.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return clean(value)[:MAX_TEXT]
    return ""


def sent_fields(environ: Environ) -> dict[str, str]:
    """What else is known of a refused request, as short texts for the operator."""
    found = {
        "method": environ.get("REQUEST_METHOD", ""),
        "listener": environ.get("gatehouse.listener", "main"),
        "user_agent": environ.get("HTTP_USER_AGENT", ""),
        "content_type": environ.get("CONTENT_TYPE", ""),
        "content_length": environ.get("CONTENT_LENGTH", ""),
        "serial": environ.get("HTTP_X_DEVICE_SERIAL", ""),
    }
    return {key: clean(value)[:MAX_TEXT] for key, value in found.items() if value}
