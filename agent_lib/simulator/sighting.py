"""What the simulated plate camera sees of a vehicle, and the record that it makes of it."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import cv2

from agent_lib.runtime.arrays import Image, Points

CAMERA, CHECKPOINT = "simulated-plates", "simulated-gate"
SIZE = (960, 540)
_CYCLE, _UNREAD, _LOOK_ALIKE = 8, 4, 6
_LOOK_ALIKES = str.maketrans("B8S50O1I2Z", "8B5SO0I1Z2")
_JPEG_QUALITY = 85
_CROP_MARGIN = 12

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Sighting:
    """One vehicle, as the plate camera sees it.

    `plate` is painted on it, `text` is what the camera reads ("" where it cannot), `confidence` 0 to 1. `picture` is a
    JPEG of SIZE, `crop` a JPEG of the plate alone; `plate_box` and `vehicle_box` are x1, y1, x2, y2 in the picture.
    """

    plate: str
    text: str
    confidence: float
    picture: bytes
    crop: bytes
    plate_box: Box
    vehicle_box: Box


def see(seed: int, index: int, plate: str, frame: Image, corners: Points) -> Sighting:
    """The sighting of vehicle `index` in a BGR frame of the gate, with its plate at `corners` ((4, 2), in pixels).

    Of eight vehicles in a row one is not read, and one with a character that looks alike, such as B for 8.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = (int(value) for value in (*corners.min(axis=0), *corners.max(axis=0)))
    left = min(max(0, (x1 + x2 - SIZE[0]) // 2), max(0, width - SIZE[0]))
    top = min(max(0, (y1 + y2) // 2 - SIZE[1] * 3 // 4), max(0, height - SIZE[1]))
    picture = frame[top : top + SIZE[1], left : left + SIZE[0]]
    crop = frame[max(0, y1 - _CROP_MARGIN) : y2 + _CROP_MARGIN, max(0, x1 - _CROP_MARGIN) : x2 + _CROP_MARGIN]
    text, confidence = _read(seed, index, plate)
    return Sighting(
        plate,
        text,
        confidence,
        _jpeg(picture),
        _jpeg(crop),
        (x1 - left, y1 - top, x2 - left, y2 - top),
        (0, 0, picture.shape[1], picture.shape[0]),
    )


def _read(seed: int, index: int, plate: str) -> tuple[str, float]:
    """What the camera makes of a plate: (text, confidence). The same for the same vehicle."""
    rng = random.Random(f"plate {seed} {index}")
    if index % _CYCLE == _UNREAD:
        return "", 0.0
    alike = [place for place, sign in enumerate(plate) if sign.translate(_LOOK_ALIKES) != sign]
    if index % _CYCLE == _LOOK_ALIKE and alike:
        place = rng.choice(alike)
        text = plate[:place] + plate[place].translate(_LOOK_ALIKES) + plate[place + 1 :]
        return text, round(rng.uniform(0.52, 0.7), 3)
    return plate, round(rng.uniform(0.86, 0.99), 3)


def is_read(index: int) -> bool:
    """Whether the camera reads the plate of the vehicle that comes as number `index`, and reads it right."""
    return index % _CYCLE not in (_UNREAD, _LOOK_ALIKE)


def detection(seen: Sighting, at: float) -> dict[str, Any]:
    """The record of generation G4 (docs/wire/lpr.md 1.1). `at`: epoch seconds.

    Unlike that generation's, `timestamp` has its offset: the hub's site may be in another time zone than this machine.
    """
    plate = {"bbox": list(seen.plate_box), "score": 0.91, "vehicle_idx": 0}
    read = {
        "plate_idx": 0,
        "bbox": list(seen.plate_box),
        "text": seen.text,
        "confidence": seen.confidence,
        "vehicle_idx": 0,
        "ocr_method": "simulated",
    }
    return {
        "type": "detection_result",
        **_sender(at),
        "vehicles_count": 1,
        "plates_count": 1,
        "ocr_results": json.dumps([read] if seen.text else []),
        "vehicle_detections": json.dumps([{"bbox": list(seen.vehicle_box), "score": 0.94, "label": "truck"}]),
        "plate_detections": json.dumps([plate]),
        "processing_time_ms": 38.0,
        "original_image": base64.b64encode(seen.picture).decode("ascii"),
        "cropped_plates": [base64.b64encode(seen.crop).decode("ascii")],
    }


def health(frames: int, at: float) -> dict[str, Any]:
    """The report of the component Camera (docs/wire/lpr.md 1.1). `frames`: vehicles seen. `at`: epoch seconds."""
    details = {"initialized": True, "streaming": True, "frame_count": frames, "average_fps": 8.0}
    return {
        "type": "health_check",
        **_sender(at),
        "component": "Camera",
        "status": "PASS",
        "message": "The simulated camera works.",
        "details": json.dumps(details),
    }


def _sender(at: float) -> dict[str, str]:
    moment = datetime.fromtimestamp(at, UTC)
    return {
        "aicamera_id": CAMERA,
        "checkpoint_id": CHECKPOINT,
        "timestamp": moment.astimezone().isoformat(timespec="microseconds"),
        "created_at": f"{moment:%Y-%m-%d %H:%M:%S}",
    }


def _jpeg(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError("A picture of the simulated plate camera could not be packed as JPEG.")
    return data.tobytes()
