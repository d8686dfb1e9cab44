"""The task "vehicles": the vehicles in a picture."""

from __future__ import annotations

from typing import Any

from hub.vision.objects import models
from hub.vision.objects.interfaces import CAR, VEHICLE, Box
from hub.vision.objects.pictures import MAX_MEGAPIXELS, decode
from hub.vision.objects.suppression import merge_kinds

VEHICLES = frozenset({VEHICLE, CAR})
MIN_CONFIDENCE = 0.3
MAX_VEHICLES = 50


class VehicleFinder:
    """The vehicles in pictures. `options` are those of PeopleFinder; its `min_confidence` is for persons only."""

    def __init__(self, min_confidence: float | None = None, **options: Any) -> None:
        self._detector = models.detector({**options, "views": 1})  # halves of a picture would cut a near vehicle

    def look(self, picture: bytes, request: dict[str, Any]) -> dict[str, Any]:
        """Detect vehicles: `{"width", "height", "vehicles": [{"box", "kind", "confidence"}]}`, most confident first.

        `request`: `min_confidence` and `max_megapixels`. Raises ValueError with a sentence for a picture that cannot be
        used.
        """
        pixels = decode(picture, float(request.get("max_megapixels", MAX_MEGAPIXELS)))
        least = float(request.get("min_confidence", MIN_CONFIDENCE))
        found = [box for box in self._detector.detect(pixels, VEHICLES) if box.confidence >= least]
        height, width = pixels.shape[:2]
        vehicles = [_entry(box) for box in merge_kinds(found)[:MAX_VEHICLES]]
        return {"width": width, "height": height, "vehicles": vehicles}


def _entry(box: Box) -> dict[str, Any]:
    corners = [round(value, 1) for value in (box.x1, box.y1, box.x2, box.y2)]
    return {"box": corners, "kind": box.kind, "confidence": round(box.confidence, 3)}
