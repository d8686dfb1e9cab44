"""What the cameras of bench/load.py send, made before the load begins: records, and their frames for each transport."""

from __future__ import annotations

import base64
import json
import random
import struct
from typing import Any

MARK = "@@@@@@@@@@@@@@@@"
RUN_DIGITS = 8  # of the event id: those of the run; the others count its records
HANDSHAKE = (
    "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
PATHS = {"socketio": "/socket.io/?EIO=4&transport=websocket", "ws": "/"}
"""Where a transport's WebSocket is opened; REST has none."""


def record(size: int, camera: int, seed: int) -> bytes:
    """JSON of a detection of `size` KB; MARK is the placeholder of each record's event id."""
    chance = random.Random(seed * 1000 + camera)
    plate = f"{chance.choice('123456789')}AB{chance.randrange(1000, 9999)}"
    body: dict[str, Any] = {
        "type": "detection_result",
        "camera_id": f"cam{camera:03d}",
        "checkpoint_id": f"gate{camera % 5}",
        "timestamp": "2026-01-28T10:50:00",
        "event_id": MARK,
        "vehicles_count": 1,
        "plates_count": 1,
        "ocr_results": [{"text": plate, "confidence": 0.93, "bbox": [10, 20, 110, 60]}],
        "vehicle_detections": [{"bbox": [0, 0, 300, 200], "score": 0.9, "label": "car"}],
        "plate_detections": [{"bbox": [10, 20, 110, 60], "score": 0.8}],
        "processing_time_ms": 41.5,
    }
    room = size * 1024 - len(json.dumps(body)) - 30
    if size > 4:
        picture = b"\xff\xd8\xff\xe0" + chance.randbytes(room * 3 // 4 - 4)
        body["original_image"] = base64.b64encode(picture).decode()
    else:
        body["note"] = "x" * max(0, room)
    return json.dumps(body, separators=(",", ":")).encode()


class Frame:
    """One camera's record as the bytes that its transport sends; `numbered` gives it the next event id in place."""

    def __init__(self, door: str, text: bytes, run_id: str) -> None:
        if door == "rest":
            data = (
                b"POST /api/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(text), text)
            )
        else:
            data = masked(b'421["lpr_data",' + text + b"]" if door == "socketio" else text)
        self._data = bytearray(data.replace(MARK.encode(), run_id.encode() + b"0" * (len(MARK) - RUN_DIGITS)))
        self._at = data.index(MARK.encode()) + RUN_DIGITS
        self._end = self._at + len(MARK) - RUN_DIGITS
        self.count = 0

    def numbered(self) -> bytearray:
        """The frame of the next record; the bytes are those of the last one, changed."""
        self._data[self._at : self._end] = b"%08d" % self.count
        self.count += 1
        return self._data


def masked(payload: bytes) -> bytes:
    """A text frame masked with zeros, which leaves the payload readable; the server unmasks it all the same."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 65536:
        head = b"\x81\xfe" + struct.pack(">H", size)
    else:
        head = b"\x81\xff" + struct.pack(">Q", size)
    return head + b"\0\0\0\0" + payload


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The payloads of whole text frames of a server, and the bytes after them."""
    payloads, start, size = [], 0, len(data)
    while size - start >= 2:
        length, begin = data[start + 1] & 127, start + 2
        if length >= 126:
            extra = 2 if length == 126 else 8
            if size - begin < extra:
                break
            length = int.from_bytes(data[begin : begin + extra], "big")
            begin += extra
        if size - begin < length:
            break
        if data[start] & 15 == 1:
            payloads.append(data[begin : begin + length])
        start = begin + length
    return payloads, data[start:]
