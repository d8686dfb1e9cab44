"""WebSocket frames (RFC 6455): headers, masks, close codes. No sockets here.

Hand-written: wsproto is five times slower with 200-byte messages (`bench/raw_websocket.py` prints the ratio), has no
size limit and never yields within a message.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from hub.runtime.time_slice import TimeSlice

apply_mask: Callable[[bytes | bytearray, bytes], bytes] | None
try:
    from websockets.speedups import apply_mask
except ImportError:
    apply_mask = None  # no binary wheel for this system: the tables below are some fifty times slower on large messages

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
MAX_CONTROL_BYTES = 125

NORMAL_CLOSURE, GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, ABNORMAL_CLOSURE = 1000, 1001, 1002, 1005, 1006
INVALID_DATA, POLICY_VIOLATION, MESSAGE_TOO_BIG, INTERNAL_ERROR, TRY_LATER = 1007, 1008, 1009, 1011, 1013

_UINT16 = Struct("!H")
_UINT64 = Struct("!Q")
# From this size on a payload is unmasked by table, below it by one big-integer XOR: whichever is faster.
_TABLE_FROM_BYTES = 2048
_XOR_TABLES = [bytes(value ^ mask for value in range(256)) for mask in range(256)]
_DECODE_BYTES = 1024 * 1024


class FrameError(Exception):
    """The peer violated the protocol or a limit; `code` is the close code that it is sent."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Header(NamedTuple):
    """The header of a frame; `size` is its own length in bytes, `length` that of the payload after it."""

    fin: bool
    opcode: int
    length: int
    key: bytes
    size: int


def read_header(data: bytearray) -> Header | None:
    """Parse the frame header at the start of `data`; None while it is incomplete. Raises `FrameError`."""
    if len(data) < 2:
        return None
    first, second = data[0], data[1]
    opcode = first & 0x0F
    if first & 0x70:
        raise FrameError(PROTOCOL_ERROR, "reserved bits are set, but no extension was agreed")
    if opcode not in _OPCODES:
        raise FrameError(PROTOCOL_ERROR, f"unknown opcode {opcode}")
    if not second & 0x80:
        raise FrameError(PROTOCOL_ERROR, "frames from a client must be masked")
    length = second & 0x7F
    if opcode >= CLOSE and (length > MAX_CONTROL_BYTES or not first & 0x80):
        raise FrameError(PROTOCOL_ERROR, "control frames must be whole and at most 125 bytes long")
    offset = 2
    if length == 126:
        if len(data) < 4:
            return None
        length = _UINT16.unpack_from(data, 2)[0]
        offset = 4
    elif length == 127:
        if len(data) < 10:
            return None
        length = _UINT64.unpack_from(data, 2)[0]
        offset = 10
        if length >> 63:
            raise FrameError(PROTOCOL_ERROR, "the length of a frame has its highest bit set")
    if len(data) < offset + 4:
        return None
    return Header(first >= 0x80, opcode, length, bytes(data[offset : offset + 4]), offset + 4)


def unmask(data: bytes | bytearray, key: bytes, position: int = 0) -> bytes | bytearray:
    """XOR `data` with the 4-byte `key`; `position` is the offset of `data` in the payload. Masking is the same."""
    rotation = position & 3
    if rotation:
        key = key[rotation:] + key[:rotation]
    if apply_mask is not None:
        return apply_mask(data, key)
    size = len(data)
    if size < _TABLE_FROM_BYTES:
        mask = (key * (size // 4 + 1))[:size]
        return (int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")
    plain = bytearray(data)
    for offset in range(4):
        plain[offset::4] = plain[offset::4].translate(_XOR_TABLES[key[offset]])
    return plain


def frame_head(opcode: int, length: int) -> bytes:
    """Encode the header of a final, unmasked frame, as servers send them."""
    if length < 126:
        return bytes((0x80 | opcode, length))
    if length < 65536:
        return bytes((0x80 | opcode, 126)) + _UINT16.pack(length)
    return bytes((0x80 | opcode, 127)) + _UINT64.pack(length)


def close_payload(code: int, reason: str) -> bytes:
    """Encode the payload of a close frame; the reason is truncated to fit, between characters."""
    if code in (NO_STATUS, ABNORMAL_CLOSURE):
        return b""
    text = reason.encode("utf-8", "replace")[: MAX_CONTROL_BYTES - 2]
    return _UINT16.pack(code) + text.decode("utf-8", "ignore").encode()


def read_close(payload: bytes) -> tuple[int, str]:
    """Decode the code and the reason of a peer's close frame. Raises `FrameError`."""
    if not payload:
        return NO_STATUS, ""
    if len(payload) == 1:
        raise FrameError(PROTOCOL_ERROR, "a close frame is empty or begins with a code of two bytes")
    code = _UINT16.unpack_from(payload)[0]
    known = code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code <= 4999
    if not known:
        raise FrameError(PROTOCOL_ERROR, f"{code} is not a close code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError as error:
        raise FrameError(INVALID_DATA, "the reason in a close frame is not UTF-8") from error


def decode_text(data: bytes | bytearray, time_slice: TimeSlice) -> str:
    """Decode a text message; a large one in blocks, yielding to the event loop between them. Raises `FrameError`."""
    try:
        if len(data) <= _DECODE_BYTES:
            return data.decode()
        decoder = codecs.getincrementaldecoder("utf-8")()
        view = memoryview(data)
        text = ""
        for start in range(0, len(data), _DECODE_BYTES):
            # CPython extends a local string in place; joining blocks at the end would copy everything at once.
            text += decoder.decode(view[start : start + _DECODE_BYTES])
            time_slice.check()
        return text + decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise FrameError(INVALID_DATA, "a text message is not UTF-8") from error


class Prepared(bytes):
    """A message that is framed already: every receiver gets the same bytes, since servers do not mask."""


def prepare(message: str | bytes | Prepared) -> Prepared:
    """Frame a message once, to send it to many receivers."""
    if isinstance(message, Prepared):
        return message
    opcode, payload = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
    return Prepared(frame_head(opcode, len(payload)) + payload)
