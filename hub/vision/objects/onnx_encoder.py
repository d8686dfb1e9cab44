"""An operator's image encoder in an ONNX file."""

from __future__ import annotations

from typing import Any

import numpy as np

from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import Box, Picture, Vectors
from hub.vision.objects.onnx_model import Array, OnnxModel, output_texts
from hub.vision.objects.vectors import check_size, crop, unit


class OnnxEncoder:
    """Describes persons with an ONNX file that has one output: 1 x size, or 1 x size x h x w, which is averaged."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Load the file and run it once. Raises ModelError."""
        self._model = OnnxModel(options, "encoder")
        self.name, self.scale = self._model.name, float(options["encoder_scale"])
        self.size = check_size(len(self._row(np.full((32, 16, 3), 128, np.uint8))), self._model.path.name)
        width, height = self._model.size
        self.about = (
            f"each person stretched to {width} x {height}, vectors of {self.size} numbers, scale {self.scale:g}"
        )

    def encode(self, picture: Picture, boxes: list[Box]) -> Vectors:
        """One vector of length 1 for each box. Raises ModelError."""
        if not boxes:
            return np.zeros((0, self.size), np.float32)
        return unit(np.stack([self._row(crop(picture, box)) for box in boxes]))

    def _row(self, part: Picture) -> Array:
        outputs = self._model.run(self._model.stretched(part)[0])
        shapes = [value.shape for value in outputs.values()]
        if len(outputs) != 1 or len(shapes[0]) not in (2, 4) or shapes[0][0] != 1:
            raise ModelError(
                f"The encoder {self._model.path.name} has the outputs {output_texts(outputs)}; it has to have one, of "
                "1 x size or 1 x size x height x width numbers: export it without its classifier."
            )
        value = next(iter(outputs.values()))[0].astype(np.float64)
        return np.asarray(value.mean(axis=(1, 2)) if value.ndim == 3 else value)
