"""The task "people": embeddings of reference pictures, and the persons in frames compared with one."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.objects import models
from hub.vision.objects.embeddings import decode_vector, encode_vector
from hub.vision.objects.interfaces import PERSON, Box, Picture
from hub.vision.objects.likeness import distances
from hub.vision.objects.pictures import MAX_MEGAPIXELS, decode
from hub.vision.objects.stripes import StripeEncoder, crop
from hub.vision.objects.suppression import drop_parts
from hub.vision.objects.tracks import Tracks

PERSONS = frozenset({PERSON})
MIN_CONFIDENCE = 0.43
MAX_DISTANCE = 0.38
MAX_PEOPLE = 50
"""Persons of one frame, the most confident ones; what is sent about more would have no bounds."""
CROP_WIDTH, CROP_HEIGHT, CROP_QUALITY = 96, 192, 80
PADDING = (0.5, 1.0)
"""Of height and width, added on each side of a reference picture in which no person was found: the detector was trained
with pictures of whole scenes and does not find a person who fills one."""


class PeopleFinder:
    """The persons in the pictures of one stream, with their tracks. Models are shared with the other streams.

    `min_confidence`: persons that the detector is less sure of are left out. `options`: operators' own models
    (hub/vision/objects/operator_models.py); without them the built-in ones.
    """

    def __init__(self, min_confidence: float = MIN_CONFIDENCE, **options: Any) -> None:
        self._min_confidence = float(min_confidence)
        self._detector, self._encoder = models.detector(options), models.encoder(options)
        self._tracks = Tracks()

    def look(self, picture: bytes, request: dict[str, Any]) -> dict[str, Any]:
        """Do what `request["op"]` says: embed, match or describe. Raises ValueError with a sentence."""
        operation = request.get("op")
        if operation == "describe":
            return self._describe()
        if operation not in ("embed", "match"):
            raise ValueError("The vision process of persons knows the operations embed, match and describe.")
        limit = float(request.get("max_megapixels", MAX_MEGAPIXELS))
        if operation == "embed":
            return self._embed(decode(picture, limit, upright=True))
        return self._match(decode(picture, limit), request)

    def _describe(self) -> dict[str, Any]:
        built_in = isinstance(self._encoder, StripeEncoder)
        return {
            "detector": self._detector.name,
            "encoder": self._encoder.name,
            "size": self._encoder.size,
            "built_in": built_in,
            "ability": ABILITY if built_in else OPERATORS_ABILITY.format(self._encoder.name),
        }

    def _embed(self, picture: Picture) -> dict[str, Any]:
        """The embedding of the most confident person, or of the whole picture where none is found.

        The box is in pixels of the picture turned upright, as browsers show it.
        """
        height, width = picture.shape[:2]
        people = self._people(picture) or self._people_padded(picture)
        chosen = people[0] if people else Box(0, 0, width, height, 0.0, PERSON)
        vector = self._encoder.encode(picture, [chosen])[0]
        return {
            "width": width,
            "height": height,
            "people": len(people),
            "found": bool(people),
            "box": _whole_pixels(chosen, width, height) if people else None,
            "confidence": round(chosen.confidence, 3),
            "embedding": encode_vector(vector),
            "model": self._encoder.name,
            "size": self._encoder.size,
        }

    def _match(self, picture: Picture, request: dict[str, Any]) -> dict[str, Any]:
        """The persons of a frame, the nearest to the embedding of `request` first.

        Not `successive`: the frame does not follow the last one closely, so that no track goes on.
        """
        person = self._reference(request)
        limit = float(request.get("max_distance", MAX_DISTANCE))
        height, width = picture.shape[:2]
        people = self._people(picture)
        vectors = self._encoder.encode(picture, people)
        successive = request.get("successive") is not False
        memory = self._tracks if successive else Tracks()
        tracks = memory.update(people, vectors)
        apart = distances(person, tracks, memory.current, self._encoder.scale)
        listed: list[dict[str, Any]] = []
        for box, distance, track in zip(people, apart, tracks, strict=True):
            entry: dict[str, Any] = {
                "box": _whole_pixels(box, width, height),
                "confidence": round(box.confidence, 3),
                "distance": round(distance, 4),
                "match": distance < limit,
                "track": track.number if successive else None,
            }
            if distance < limit and request.get("crops"):
                entry["crop"] = _jpeg_crop(picture, box)
            listed.append(entry)
        listed.sort(key=lambda each: float(each["distance"]))
        return {"width": width, "height": height, "model": self._encoder.name, "people": listed}

    def _reference(self, request: dict[str, Any]) -> NDArray[np.float32]:
        """The vector of the person who is looked for. Raises ValueError where another model made it."""
        model = request.get("model")
        if model != self._encoder.name:
            raise ValueError(
                f"The embedding was made by the model {model}, and now {self._encoder.name} runs; "
                "upload the reference picture again."
            )
        return decode_vector(request.get("embedding"), self._encoder.size)

    def _people(self, picture: Picture) -> list[Box]:
        found = self._detector.detect(picture, PERSONS)
        return drop_parts([box for box in found if box.confidence >= self._min_confidence])[:MAX_PEOPLE]

    def _people_padded(self, picture: Picture) -> list[Box]:
        """The persons of a picture cut close around them: detected with its border continued on all sides."""
        height, width = picture.shape[:2]
        above, aside = round(PADDING[0] * height), round(PADDING[1] * width)
        padded = cv2.copyMakeBorder(picture, above, above, aside, aside, cv2.BORDER_REPLICATE)
        people = []
        for box in self._people(np.asarray(padded, np.uint8)):
            x1, x2 = (min(max(value - aside, 0), width) for value in (box.x1, box.x2))
            y1, y2 = (min(max(value - above, 0), height) for value in (box.y1, box.y2))
            if x2 - x1 >= 1 and y2 - y1 >= 1:
                people.append(Box(x1, y1, x2, y2, box.confidence, box.kind))
        return people


ABILITY = (
    "The built-in model follows clothes, not faces. It finds a person again in the same clothes, on the same camera "
    "and in the same light. Somebody who comes back after minutes or in other light is often missed, and people in "
    "like clothes are taken for each other."
)
OPERATORS_ABILITY = "Persons are compared by the model {} from your settings; try it with pictures of your own cameras."


def _whole_pixels(box: Box, width: int, height: int) -> list[float]:
    """The box in whole pixels, as floats, clipped to the picture and at least one pixel wide and high."""
    x1, y1 = min(max(int(box.x1), 0), width - 1), min(max(int(box.y1), 0), height - 1)
    x2, y2 = min(max(round(box.x2), x1 + 1), width), min(max(round(box.y2), y1 + 1), height)
    return [float(x1), float(y1), float(x2), float(y2)]


def _jpeg_crop(picture: Picture, box: Box) -> str:
    """Base64 of a small JPEG of what is in a box."""
    part = crop(picture, box)
    scale = min(1.0, CROP_WIDTH / part.shape[1], CROP_HEIGHT / part.shape[0])
    if scale < 1:
        size = (max(1, int(part.shape[1] * scale)), max(1, int(part.shape[0] * scale)))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, CROP_QUALITY])
    return base64.b64encode(encoded.tobytes()).decode("ascii")
