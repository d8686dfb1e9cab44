"""What the hub and its vision process say to each other over two pipes: one JSON head a message, and the bytes of a picture behind it.

One message is the head's length (4 bytes, big endian), the head (JSON, UTF-8), and as many bytes as its `bytes` says (none where it does not).

    to the process    {"id": n, "task": name, "stream": camera, "options": {...}, "bytes": n} + the picture as it came (JPEG)
    from it           {"state": "ready", "pid": n}, once, first
                      {"id": n, "result": {...}} or {"id": n, "error": sentence}

Options travel with every request, so a process that was started anew needs to be told nothing. Uses the standard library alone.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")
LONGEST_HEAD, LONGEST_BODY = 256 * 1024, 64 * 1024 * 1024

Message = tuple[dict[str, Any], bytes]


class WireError(ValueError):
    """What came over the pipe is no message."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """The head as bytes, announcing `body`; the body itself is written after it."""
    text = json.dumps({**head, "bytes": len(body)} if body else head).encode()
    return _LENGTH.pack(len(text)) + text


def send(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message. Raises OSError or ValueError where the other side is gone."""
    pipe.write(pack(head, body))
    if body:
        pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """The next message; None at the end of the pipe. Raises WireError."""
    first = pipe.read(_LENGTH.size)
    if len(first) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(first)
    if length > LONGEST_HEAD:
        raise WireError(f"a head of {length} bytes")
    text = pipe.read(length)
    if len(text) < length:
        return None
    try:
        head = json.loads(text)
        size = int(head.get("bytes", 0))
    except (ValueError, AttributeError, TypeError) as error:
        raise WireError("a head that is no JSON object") from error
    if not 0 <= size <= LONGEST_BODY:
        raise WireError(f"{size} bytes of picture")
    body = pipe.read(size) if size else b""
    return (head, body) if len(body) == size else None
