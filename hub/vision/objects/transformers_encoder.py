"""An operator's image encoder, loaded by transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import Box, Picture, Vectors
from hub.vision.objects.transformers_model import TransformersModel, pil
from hub.vision.objects.vectors import check_size, crop, unit

POOLER = "pooler"
BATCH = 16
"""Persons encoded together, which bounds the memory."""


class TransformersEncoder:
    """Describes persons with a model of AutoModel. `about` is for operators.

    A person's picture is stretched to the model's size: the processors' own way, shortest side and then the middle,
    would cut off head and feet. A pooler without weights in the folder is not used: it holds random numbers.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        """Load the model and run it once. Raises ModelError."""
        self._loaded = TransformersModel(options, "encoder", "AutoModel")
        self._loaded.check_weights(unused=POOLER)
        self._pooled = not any(POOLER in name for name in self._loaded.absent)
        self._input = _input_size(self._loaded)
        self.name, self.scale, self._output = self._loaded.name, float(options["encoder_scale"]), ""
        row = self._rows([np.full((32, 16, 3), 128, np.uint8)])
        self.size = check_size(row.shape[1], self._loaded.folder.name)
        self.about = (
            f"{type(self._loaded.model).__name__}, its {self._output}, each person stretched to {self._input[0]} x "
            f"{self._input[1]}, vectors of {self.size} numbers, scale {self.scale:g}"
        )

    def encode(self, picture: Picture, boxes: list[Box]) -> Vectors:
        """One vector of length 1 for each box. Raises ModelError."""
        parts = [crop(picture, box) for box in boxes]
        if not parts:
            return np.zeros((0, self.size), np.float32)
        return unit(np.concatenate([self._rows(parts[i : i + BATCH]) for i in range(0, len(parts), BATCH)]))

    def _rows(self, parts: list[Picture]) -> NDArray[Any]:
        """N x size, not yet of length 1."""
        loaded = self._loaded
        try:
            with loaded.torch.inference_mode():
                pictures = [pil(part).resize(self._input, resample=2) for part in parts]
                inputs = loaded.processor(images=pictures, do_resize=False, do_center_crop=False, return_tensors="pt")
                rows = self._vectors(inputs["pixel_values"])
                return np.asarray(rows.reshape(len(parts), -1).numpy())
        except ModelError:
            raise
        except Exception as error:  # torch and transformers raise anything
            raise loaded.error("fails as an image encoder", error) from error

    def _vectors(self, pixels: Any) -> Any:
        """pooler_output, else image_embeds, else the mean of last_hidden_state."""
        model = self._loaded.model
        if hasattr(model, "get_image_features"):
            features = model.get_image_features(pixel_values=pixels)
            self._output = "image features"
            return features if hasattr(features, "numpy") else features.pooler_output
        output = model(pixel_values=pixels)
        for name in ("pooler_output", "image_embeds"):
            value = getattr(output, name, None)
            if value is not None and (self._pooled or name != "pooler_output"):
                self._output = name
                return value
        states = getattr(output, "last_hidden_state", None)
        if states is None:
            raise ModelError(
                f"The encoder in {self._loaded.folder} puts out no vector for a picture: choose an image encoder such "
                "as a ViT for vision.encoder."
            )
        self._output = "mean of last_hidden_state"
        # A map (N x size x h x w) of a convolutional network, or a row of tokens (N x tokens x size).
        return states.mean(dim=(2, 3)) if states.dim() == 4 else states.mean(dim=1)


def _input_size(loaded: TransformersModel) -> tuple[int, int]:
    """Width and height that the processor would give to the model. Raises ModelError."""
    processor = loaded.processor
    cut = getattr(processor, "crop_size", None) if getattr(processor, "do_center_crop", False) else None
    for size in (cut, getattr(processor, "size", None), getattr(loaded.model.config, "image_size", None)):
        found = _pair(size)
        if found is not None:
            return found
    raise ModelError(
        f"The preprocessor_config.json in {loaded.folder} states no size of pictures from 16 to 2048: choose another "
        "model for vision.encoder."
    )


def _pair(size: Any) -> tuple[int, int] | None:
    """Width and height from a size as transformers writes it; None where it says neither."""
    if isinstance(size, int):
        pair = (size, size)
    elif isinstance(size, list | tuple) and len(size) == 2:
        pair = (size[1], size[0])
    else:
        side = _field(size, "shortest_edge")
        pair = (_field(size, "width") or side, _field(size, "height") or side)
    return pair if all(isinstance(one, int) and 16 <= one <= 2048 for one in pair) else None


def _field(size: Any, name: str) -> Any:
    return size.get(name) if isinstance(size, dict) else getattr(size, name, None)
