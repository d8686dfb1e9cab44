"""Plates from the forms in which cameras report them, normalised for searching (docs/wire/lpr.md 2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from hub.contract.bounds import INT_64
from hub.contract.plates import Plate, normalise_plate
from hub.contract.text import clean

T = TypeVar("T")
MAX_PLATES = 200
MAX_TEXT = 100
TEXT_KEYS = ("text", "plate", "plate_number", "license_plate", "plate_text")
BOX_KEYS = ("bbox", "box", "plate_bbox")
CONFIDENCE_KEYS = ("confidence", "ocr_confidence", "score")
NO_PLATE = frozenset(("", "-", "--", "none", "null", "unknown", "n/a"))


def confidence(value: Any) -> float | None:
    """A confidence from 0 to 1; a number over 1 is a percentage; None where it is no number or out of range."""
    number = as_number(value)
    if number is None or number < 0:
        return None
    if number > 1:
        number /= 100
    return number if number <= 1 else None


def as_number(value: Any) -> float | None:
    """A finite number, also from text; None for anything else."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int and -INT_64 <= value < INT_64:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def box(value: Any) -> list[float] | None:
    """A bounding box: [x1, y1, x2, y2] or any other four numbers; None where the value is none."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [number for item in value if (number := as_number(item)) is not None]
    return numbers if len(numbers) == 4 else None


def collect(ocr_results: list[Any], plate_detections: list[Any], single: list[Any]) -> list[Plate]:
    """The plates of a frame; a plate both in `ocr_results` and in `plate_detections` is one.

    `single` has plates from fields of their own, such as `plate_number`.
    """
    plates: list[Plate] = []
    by_text: dict[str, int] = {}
    for index, item in enumerate([*ocr_results, *single]):
        plate = _plate(item)
        if plate is None:
            continue
        if plate.box is None and isinstance(item, dict) and index < len(ocr_results):
            plate = Plate(plate.text, plate.plate, plate.confidence, _box_by_index(item, plate_detections))
        by_text.setdefault(plate.plate, len(plates))
        plates.append(plate)
    for item in plate_detections:
        plate = _plate(item)
        if plate is None:
            continue
        position = by_text.setdefault(plate.plate, len(plates))
        if position == len(plates):
            plates.append(plate)
        else:
            plates[position] = _merged(plates[position], plate)
    return plates[:MAX_PLATES]


def _merged(plate: Plate, other: Plate) -> Plate:
    """`plate` with the box and confidence of `other` where it has none."""
    if plate.box is not None and plate.confidence is not None:
        return plate
    confidence = other.confidence if plate.confidence is None else plate.confidence
    return Plate(plate.text, plate.plate, confidence, plate.box or other.box)


def _plate(item: Any) -> Plate | None:
    """A plate from text or an object; None where the item has none."""
    if isinstance(item, str):
        return _make(item, None, None)
    if not isinstance(item, dict):
        return None
    for key in TEXT_KEYS:
        text = item.get(key)
        if isinstance(text, (str, int)) and not isinstance(text, bool):
            break
    else:
        return None
    return _make(str(text), _first(item, CONFIDENCE_KEYS, confidence), _first(item, BOX_KEYS, box))


def _first(item: dict[str, Any], keys: tuple[str, ...], reader: Callable[[Any], T | None]) -> T | None:
    """The result of `reader` for the first of `keys` where it is not None."""
    for key in keys:
        if key in item and (found := reader(item[key])) is not None:
            return found
    return None


def _make(text: str, confidence: float | None, box: list[float] | None) -> Plate | None:
    shown = clean(text)[:MAX_TEXT]
    if shown.lower() in NO_PLATE:
        return None
    normalised = normalise_plate(shown)
    return Plate(shown, normalised, confidence, box) if normalised else None


def _box_by_index(item: dict[str, Any], detections: list[Any]) -> list[float] | None:
    """The box of the plate detection that an OCR result refers to by `plate_idx`."""
    index = item.get("plate_idx")
    if (
        isinstance(index, int)
        and not isinstance(index, bool)
        and 0 <= index < len(detections)
        and isinstance(detections[index], dict)
    ):
        return _first(detections[index], BOX_KEYS, box)
    return None
