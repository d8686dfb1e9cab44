"""An ONNX file with one picture as its input, run by onnxruntime on one thread."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.candidates import Placement
from hub.vision.objects.errors import ModelError, reason
from hub.vision.objects.interfaces import Picture
from hub.vision.objects.model_path import digest, identity, local_path

Array = NDArray[Any]

MAX_SIDE = 2048
MAX_NAMED = 4
GREY = 114
"""Grey level of the border of a letterboxed picture, the one that YOLO detectors are trained with."""

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class OnnxModel:
    """A session with the size and layout of its picture: from the file where it states them, else from the settings.

    A float input gets (value / 255 - mean) / std, RGB; an input of bytes gets the RGB values as they are.
    """

    def __init__(self, options: dict[str, Any], part: str) -> None:
        """Load `options[part]` ("detector" or "encoder"). Raises ModelError."""
        self.path = local_path(options[part])
        self._part = part
        if not self.path.is_file():
            raise ModelError(f"There is no file {self.path}: correct vision.{part}.")
        self._session = self._open()
        settings = [options[f"{part}_{name}"] for name in ("input", "mean", "std")]
        self._mean, self._std = (np.array(values, np.float32) for values in settings[1:])
        self._read_inputs(settings[0])
        self.outputs = [output.name for output in self._session.get_outputs()]
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.name = identity("onnx", self.path.name, self._digest([*self.size, *settings[1:]]))

    def _open(self) -> Any:
        import onnxruntime

        wanted = onnxruntime.SessionOptions()
        wanted.intra_op_num_threads = wanted.inter_op_num_threads = 1
        wanted.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(str(self.path), wanted, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own kinds, for each way in which a file is not a model
            raise ModelError(
                f"The file {self.path} cannot be loaded as an ONNX model ({reason(error)}): export it again, with its "
                "weights inside or beside it."
            ) from error

    def _digest(self, values: list[Any]) -> str:
        """A digest of all that decides about the output: the file, weights kept beside it, and the settings."""
        beside = sorted(one for one in self.path.parent.glob(f"{glob.escape(self.path.name)}?*") if one.is_file())
        try:
            return digest([self.path, *beside], values)
        except OSError as error:
            raise ModelError(f"The file {self.path} cannot be read ({error.strerror}): copy it there again.") from error

    def _read_inputs(self, size: list[int]) -> None:
        inputs = self._session.get_inputs()
        pictures = [one for one in inputs if len(one.shape) == 4 or (len(inputs) == 1 and len(one.shape) == 3)]
        if len(pictures) != 1 or pictures[0].type not in _TYPES:
            raise self._unusable_inputs(inputs)
        picture = pictures[0]
        self._input, self._type, self._batched = picture.name, _TYPES[picture.type], len(picture.shape) == 4
        channel, height, width = picture.shape[-3:]
        self._channels_last = width == 3 and channel != 3
        if self._channels_last:
            channel, height, width = width, channel, height
        batch = picture.shape[0] if self._batched else 1
        if any(isinstance(side, int) and side != wanted for side, wanted in ((batch, 1), (channel, 3))):
            raise self._unusable_inputs(inputs)
        self.size = (_side(width, size[0]), _side(height, size[1]))
        if max(self.size) > MAX_SIDE:
            raise ModelError(
                f"The {self._part} {self.path.name} wants pictures of {self.size[0]} x {self.size[1]} pixels, more "
                f"than {MAX_SIDE} a side: export it for smaller ones."
            )
        self._further = {one.name: self._further_input(one, inputs) for one in inputs if one is not picture}

    def _further_input(self, one: Any, inputs: list[Any]) -> Array:
        """The value of an input besides the picture: a mask of valid pixels, or the size that boxes are scaled to."""
        width, height = self.size
        if one.name == "pixel_mask":
            return np.ones((1, height, width), np.int64)
        if one.name == "orig_target_sizes":
            return np.array([[width, height]], np.int64)
        raise self._unusable_inputs(inputs)

    def _unusable_inputs(self, inputs: list[Any]) -> ModelError:
        found = _list(f"{one.name} {_shape_text(one.shape)}" for one in inputs)
        return ModelError(
            f"The {self._part} {self.path.name} has the inputs {found}, not one picture of 1 x 3 x height x width (or "
            "1 x height x width x 3) numbers: export it with such an input."
        )

    def run(self, tensor: Array) -> dict[str, Array]:
        """The outputs by name. Raises ModelError."""
        try:
            values = self._session.run(None, {self._input: tensor, **self._further})
        except Exception as error:  # onnxruntime raises its own kinds
            raise ModelError(
                f"The {self._part} {self.path.name} fails on a picture of {self.size[0]} x {self.size[1]} pixels "
                f"({reason(error)}): check vision.{self._part}_input."
            ) from error
        return {name: np.asarray(value) for name, value in zip(self.outputs, values, strict=True)}

    def stretched(self, picture: Picture) -> tuple[Array, Placement]:
        """The input for a picture that is stretched to the model's size."""
        height, width = picture.shape[:2]
        scale = (self.size[0] / width, self.size[1] / height)
        return self._tensor(_resized(picture, self.size)), Placement(scale, (0.0, 0.0))

    def letterboxed(self, picture: Picture) -> tuple[Array, Placement]:
        """The input for a picture that keeps its proportions, in the middle of a grey border."""
        height, width = picture.shape[:2]
        ratio = min(self.size[0] / width, self.size[1] / height)
        inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        left, top = (self.size[0] - inner[0]) // 2, (self.size[1] - inner[1]) // 2
        canvas = np.full((self.size[1], self.size[0], 3), GREY, np.uint8)
        canvas[top : top + inner[1], left : left + inner[0]] = _resized(picture, inner)
        return self._tensor(canvas), Placement((inner[0] / width, inner[1] / height), (float(left), float(top)))

    def _tensor(self, resized: Picture) -> Array:
        rgb: Array = resized[:, :, ::-1]
        if self._type is not np.uint8:
            rgb = (rgb.astype(np.float32) / 255 - self._mean) / self._std
        arranged = rgb if self._channels_last else rgb.transpose(2, 0, 1)
        return np.ascontiguousarray(arranged[None] if self._batched else arranged, self._type)


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """`picture` at `size` (width, height); pixels are averaged where it gets smaller."""
    smaller = size[0] < picture.shape[1] and size[1] < picture.shape[0]
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _side(stated: Any, wanted: int) -> int:
    return stated if isinstance(stated, int) and stated > 0 else wanted


def _shape_text(shape: list[Any]) -> str:
    return "(" + ", ".join(str(side) if isinstance(side, int) else "?" for side in shape) + ")"


def output_texts(outputs: dict[str, Array]) -> str:
    """Names and shapes of outputs, for a sentence."""
    return _list(f"{name} {_shape_text(list(value.shape))}" for name, value in outputs.items())


def _list(items: Iterable[str]) -> str:
    """Names for a sentence, the first few of them."""
    texts = [item[:60] for item in items]
    more = len(texts) - MAX_NAMED
    return ", ".join(texts[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
