"""How the agent and TrOCR's process talk over two pipes: messages of a JSON head and, with some, raw bytes behind it.

One message is the head's length (4 bytes, big endian), the head (JSON, UTF-8) and as many bytes as its `bytes` says (0
where it does not). Uses the standard library alone: the process must answer before anything heavy is loaded.

    to the process    {"do": "load", "model_id": text, "int8": bool}
                      {"do": "read", "id": n, "tokens": n, "shape": [height, width, 3], "bytes": n} + BGR pixels
    from it           {"state": "note" | "ready" | "failed", "text": sentence}
                      {"id": n, "text": what was read, "confidence": 0..1}
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")
LONGEST_HEAD, LONGEST_BODY = 64 * 1024, 64 * 1024 * 1024

Message = tuple[dict[str, Any], bytes]


class WireError(ValueError):
    """What came over the pipe is no message."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One message as bytes."""
    text = json.dumps({**head, "bytes": len(body)} if body else head).encode()
    return _LENGTH.pack(len(text)) + text + body


def send(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message. Raises OSError or ValueError where the other side is gone."""
    pipe.write(pack(head, body))
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
        raise WireError(f"{size} bytes of pixels")
    body = pipe.read(size) if size else b""
    return (head, body) if len(body) == size else None
