"""Message format between the agent and its TrOCR child process over two pipes: a JSON head, then optional raw bytes.

A message is the length of the head (4 bytes, big-endian), the head (JSON, UTF-8) and the number of bytes that its
`bytes` gives (default 0). Only the standard library is used: the child must answer before heavy imports.

    to the child      {"do": "load", "model_id": text, "int8": bool}
                      {"do": "read", "id": n, "tokens": n, "shape": [height, width, 3], "bytes": n} + BGR pixels
    from the child    {"state": "note" | "ready" | "failed", "text": sentence}
                      {"id": n, "text": what was read, "confidence": 0..1}
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">I")
MAX_HEAD_BYTES, MAX_BODY_BYTES = 64 * 1024, 64 * 1024 * 1024

Message = tuple[dict[str, Any], bytes]


class WireError(ValueError):
    """The data from the pipe is no valid message."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """Encode one message."""
    text = json.dumps({**head, "bytes": len(body)} if body else head).encode()
    return _LENGTH.pack(len(text)) + text + body


def send(pipe: IO[bytes], head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message. Raises OSError or ValueError if the other side is gone."""
    pipe.write(pack(head, body))
    pipe.flush()


def receive(pipe: IO[bytes]) -> Message | None:
    """The next message; None at the end of the pipe. Raises WireError."""
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
        raise WireError(f"{size} bytes of pixels")
    body = pipe.read(size) if size else b""
    return (head, body) if len(body) == size else None
