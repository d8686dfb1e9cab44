"""Plates: what was read, made searchable, from the many forms in which cameras report them (docs/wire/lpr.md 2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

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
    """0..1; more than 1 is percent; None where it is no number or out of range."""
    number = as_number(value)
    if number is None or number < 0:
        return None
    if number > 1:
        number /= 100
    return number if number <= 1 else None


def as_number(value: Any) -> float | None:
    """A finite number of a number or a text, else None."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def box(value: Any) -> list[float] | None:
    """[x1, y1, x2, y2] or whatever four numbers the sender gave."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [as_number(item) for item in value]
    return numbers if None not in numbers else None  # type: ignore[return-value]


def collect(ocr_results: list[Any], plate_detections: list[Any], extra: list[Any]) -> list[Plate]:
    """One Plate for each plate of a frame. A plate that stands in `ocr_results` and in `plate_detections` is one."""
    plates: list[Plate] = []
    by_text: dict[str, int] = {}
    for position, item in enumerate([*ocr_results, *extra]):
        made = _plate(item)
        if made is None:
            continue
        if made.box is None and isinstance(item, dict) and position < len(ocr_results):
            made = Plate(made.text, made.plate, made.confidence, _box_by_index(item, plate_detections))
        by_text.setdefault(made.plate, len(plates))
        plates.append(made)
    for item in plate_detections:
        made = _plate(item)
        if made is None:
            continue
        position = by_text.get(made.plate)
        if position is None:
            by_text[made.plate] = len(plates)
            plates.append(made)
            continue
        known = plates[position]
        if known.box is None or known.confidence is None:
            plates[position] = Plate(
                known.text,
                known.plate,
                made.confidence if known.confidence is None else known.confidence,
                known.box or made.box,
            )
    return plates[:MAX_PLATES]


def _plate(item: Any) -> Plate | None:
    if isinstance(item, str):
        return _made(item, None, None)
    if not isinstance(item, dict):
        return None
    for key in TEXT_KEYS:
        text = item.get(key)
        if isinstance(text, (str, int)) and not isinstance(text, bool):
            break
    else:
        return None
    sure = _first(item, CONFIDENCE_KEYS, confidence)
    return _made(str(text), sure, _first(item, BOX_KEYS, box))


def _first(item: dict[str, Any], keys: tuple[str, ...], reader: Callable[[Any], T | None]) -> T | None:
    """What `reader` makes of the first of `keys` that it can read."""
    for key in keys:
        if key in item and (found := reader(item[key])) is not None:
            return found
    return None


def _made(text: str, sure: float | None, where: list[float] | None) -> Plate | None:
    shown = clean(text)[:MAX_TEXT]
    if shown.lower() in NO_PLATE:
        return None
    normalised = normalise_plate(shown)
    return Plate(shown, normalised, sure, where) if normalised else None


def _box_by_index(item: dict[str, Any], detections: list[Any]) -> list[float] | None:
    index = item.get("plate_idx")
    if (
        isinstance(index, int)
        and not isinstance(index, bool)
        and 0 <= index < len(detections)
        and isinstance(detections[index], dict)
    ):
        return _first(detections[index], BOX_KEYS, box)
    return None
