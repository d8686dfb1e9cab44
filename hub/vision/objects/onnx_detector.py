"""An operator's detector in an ONNX file."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from hub.vision.objects.candidates import Candidates, Placement, threshold_of, to_boxes
from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import Box, Picture
from hub.vision.objects.labels import kinds_by_class
from hub.vision.objects.onnx_model import OnnxModel, output_texts
from hub.vision.objects.onnx_outputs import Reading, recognise

MAX_NAMES_CHARACTERS = 100_000


class OnnxDetector:
    """Finds persons and vehicles with an ONNX file. `about` says how it is used, for operators."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Load the file and run it once. Raises ModelError."""
        self._model = OnnxModel(options, "detector")
        self.name = self._model.name
        self._threshold = threshold_of(options)
        names = _names(self._model.metadata)
        outputs = self._model.run(self._model.stretched(np.zeros((32, 32, 3), np.uint8))[0])
        reading = recognise(outputs, self._model.size, len(names), options["detector_scores"] == "sigmoid")
        if reading is None:
            raise ModelError(
                f"The detector {self._model.path.name} has the outputs {output_texts(outputs)}, which no known kind of "
                "detector has: docs/tracking_models.md lists those that can be used."
            )
        self._reading: Reading = reading
        self._kinds = kinds_by_class(names, options, reading.classes)
        width, height = self._model.size
        self.about = (
            f"{reading.kind}, picture {'letterboxed' if reading.letterbox else 'stretched'} to {width} x {height}, "
            + ", ".join(
                f"class {number}{_named(names, number)} is a {kind}" for number, kind in sorted(self._kinds.items())
            )
        )

    def detect(self, picture: Picture, kinds: frozenset[str]) -> list[Box]:
        """The objects of these kinds, the most confident first. Raises ModelError."""
        found, placement = self._run(picture)
        size = (picture.shape[1], picture.shape[0])
        return to_boxes(found, placement, size, self._kinds, kinds, self._threshold)

    def _run(self, picture: Picture) -> tuple[Candidates, Placement]:
        model = self._model
        tensor, placement = model.letterboxed(picture) if self._reading.letterbox else model.stretched(picture)
        return self._reading.read(model.run(tensor)), placement


def _names(metadata: dict[str, str]) -> dict[int, str]:
    """The class names that YOLO's exporter leaves in a file: a dictionary or list as Python writes it; {} if none."""
    text = metadata.get("names", "")
    if not text or len(text) > MAX_NAMES_CHARACTERS:
        return {}
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return {number: name for number, name in pairs if isinstance(number, int) and isinstance(name, str)}


def _named(names: dict[int, str], number: int) -> str:
    return f" ({names[number]})" if number in names else ""
