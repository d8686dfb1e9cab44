"""The protocol between the hub and a vision process, over two pipes: JSON heads, some followed by a picture.

One message is the length of the head (4 bytes, big endian), the head (JSON, UTF-8), and as many bytes as its `bytes`
says (none where it is missing).

    to the process    {"id": n, "task": name, "stream": camera, "options": {...}, "bytes": n} + the picture as received,
                      with "request": {...} where the task wants to know more about this picture
    from it           {"state": "ready", "pid": n}, once, first
                      {"id": n, "result": {...}} or {"id": n, "error": sentence}

Options travel with every request, so a restarted process needs no state. Uses the standard library alone.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")
MAX_HEAD_BYTES, MAX_BODY_BYTES = 256 * 1024, 64 * 1024 * 1024

Message = tuple[dict[str, Any], bytes]


class WireError(ValueError):
    """The bytes from the pipe are not a message."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """Encode the head of a message with `body`, which is to be written after it."""
    text = json.dumps({**head, "bytes": len(body)} if body else head).encode()
    return _LENGTH.pack(len(text)) + text


def send(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message. Raises OSError or ValueError when the other end is closed."""
    pipe.write(pack(head, body))
    if body:
        pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read the next message; None at the end of the pipe. Raises WireError."""
    first = pipe.read(_LENGTH.size)
    if len(first) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(first)
    if length > MAX_HEAD_BYTES:
        raise WireError(f"a head of {length} bytes")
    text = pipe.read(length)
    if len(text) < length:
        return None
    try:
        head = json.loads(text)
        size = int(head.get("bytes", 0))
    except (ValueError, AttributeError, TypeError, OverflowError, RecursionError) as error:
        raise WireError("a head that is no JSON object") from error
    if not 0 <= size <= MAX_BODY_BYTES:
        raise WireError(f"{size} bytes of picture")
    body = pipe.read(size) if size else b""
    return (head, body) if len(body) == size else None
