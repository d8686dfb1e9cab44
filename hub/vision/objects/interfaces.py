"""What detection of objects stands on: a detector finds boxes, an encoder describes what is in them.

Built in are the detector of `ssd` and the encoder of `stripes`; operators may name others in the section [vision].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""H x W x 3, BGR, as OpenCV decodes it."""

Vectors = NDArray[np.float32]
"""N x size, each of length 1."""

PERSON, BICYCLE, VEHICLE, CAR = "person", "bicycle", "vehicle", "car"
KINDS = (PERSON, BICYCLE, VEHICLE, CAR)


@dataclass(frozen=True)
class Box:
    """One detected object: corners in pixels of the picture, clipped to it; `confidence` 0..1; `kind` of KINDS."""

    x1: float
    y1: float
    x2: float
    y2: float
    confidence: float
    kind: str


class ObjectDetector(Protocol):
    """Finds objects in a picture. `name` is shown to operators."""

    name: str

    def detect(self, picture: Picture, kinds: frozenset[str]) -> list[Box]:
        """The objects of these kinds, the most confident first, after non-maximum suppression."""


class ImageEncoder(Protocol):
    """Describes the appearance of a person as a vector.

    `name` identifies the model in embeddings: vectors of different names are never compared. `distance` of two vectors
    is `scale` times their Euclidean distance, so that 0.38 is a good limit for every model (docs/wire/tracking.md 3).
    """

    name: str
    size: int
    scale: float

    def encode(self, picture: Picture, boxes: list[Box]) -> Vectors:
        """One vector of length 1 for each box."""
