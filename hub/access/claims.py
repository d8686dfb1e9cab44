"""What a refused request tells of its sender: its headers, and the beginning of its body.

What arrived together with the head is at hand. What comes later is read when the refusal has been sent, from the bytes
that are thrown away then (`LATE_BODY`): a few KB, of which only the id is kept, for the operator.
"""

from __future__ import annotations

import io
import re
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
LATE_BODY = "gatehouse.late_body"  # of a WSGI environment: what takes the beginning of a refused body that comes later
PEEK_BYTES = 16 * 1024
LATE_BYTES, LATE_SECONDS = 4096, 5.0
MAX_TEXT = 200
# A key and its value, in a body that is not whole.
_PAIRS = [
    re.compile(rb'"%b"\s*:\s*(?:"(?:[^"\\\x00-\x1f]|\\.){1,400}"|-?[0-9]{1,20}(?=[\s,}]))' % key.encode())
    for key in ID_KEYS
]


def claimed_id(environ: Environ) -> str:
    """The id that the sender gives itself; "" where it is not known."""
    serial = clean(environ.get("HTTP_X_DEVICE_SERIAL", ""))[:MAX_TEXT]
    if serial:
        return serial
    body = environ.get("wsgi.input")
    return claimed_at_start(bytes(body.getbuffer()[:PEEK_BYTES])) if isinstance(body, io.BytesIO) else ""


def claimed_at_start(data: bytes) -> str:
    """The id in a JSON body, or in as much of it as has come; "" where none is found."""
    if data[:1] != b"{":
        return ""
    try:
        return claimed_in(decode(data))
    except RequestError:
        pairs = (pattern.search(data) for pattern in _PAIRS)
        return next((_claimed_in_pair(pair[0]) for pair in pairs if pair), "")


def _claimed_in_pair(pair: bytes) -> str:
    try:
        return claimed_in(decode(b"{%b}" % pair))
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
