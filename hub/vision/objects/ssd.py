"""The built-in detector: SSD MobileNetV2 of Open Images V4 on onnxruntime (hub/vision/models/NOTICE)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hub.vision.objects.anchors import anchors
from hub.vision.objects.interfaces import BICYCLE, CAR, PERSON, VEHICLE, Box, Picture
from hub.vision.objects.suppression import merge_views, suppress

MODEL_FILE = Path(__file__).resolve().parents[1] / "models" / "ssd_mobilenetv2_oidv4.onnx"
MODEL_SHA256 = "119e138b8d09011adad5f3d9d14e5d3ef83e87bbc28b313e3bc9d2fce239e03c"
SIDE = 300
CLASS_COLUMNS = {BICYCLE: 1, PERSON: 4, VEHICLE: 18, CAR: 23}
CENTRE_SCALE, SIZE_SCALE = 10.0, 5.0
MIN_CONFIDENCE = 0.2
"""Boxes below it are not decoded; callers have higher limits."""


class SsdDetector:
    """Detects persons, bicycles, vehicles and cars. Raises RuntimeError where the model file is not the one known."""

    name = "ssd-mobilenetv2-oidv4"

    def __init__(self, views: int = 2, min_confidence: float = MIN_CONFIDENCE) -> None:
        """`views`: 1, or 2 for looking for persons in two overlapping halves of a wide picture.

        In twice the time, a tenth more of the people who are 80 of 576 pixels high are found. A person who fits in no
        half costs a third look, at the whole. Vehicles are always looked for in the whole picture.
        """
        self._session = _load()
        self._input = np.empty((1, SIDE, SIDE, 3), np.float32)
        self._anchors = anchors()
        self._views, self._min_confidence = views, min_confidence

    def detect(self, picture: Picture, kinds: frozenset[str]) -> list[Box]:
        """The objects of these kinds, the most confident first, after non-maximum suppression."""
        height, width = picture.shape[:2]
        windows = split(width, height) if self._views == 2 and kinds == {PERSON} else [(0, width)]
        found = [self._detect_window(picture, left, right, kinds) for left, right in windows]
        if len(windows) == 1:
            return found[0]
        boxes, cut = merge_views(found, windows, width)
        if cut:
            windows.append((0, width))
            found.append(self._detect_window(picture, 0, width, kinds))
            boxes, _ = merge_views(found, windows, width)
        return boxes

    def _detect_window(self, picture: Picture, left: int, right: int, kinds: frozenset[str]) -> list[Box]:
        """Detect in the columns `left` to `right`; boxes in pixels of the whole picture."""
        encodings, logits = self._infer(picture[:, left:right])
        boxes: list[Box] = []
        for kind in kinds & CLASS_COLUMNS.keys():
            scores = (1 / (1 + np.exp(-logits[:, CLASS_COLUMNS[kind]]))).astype(np.float32)
            rows = np.nonzero(scores >= self._min_confidence)[0]
            if rows.size:
                corners = decode(encodings[rows], self._anchors[rows])
                corners = np.clip(corners, 0, 1) * np.array([right - left, picture.shape[0]] * 2, np.float32)
                corners[:, [0, 2]] += left
                boxes += suppress(corners, scores[rows], kind)
        return sorted(boxes, key=lambda box: -box.confidence)

    def _infer(self, view: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network: 1917 x 4 box encodings (y, x, h, w) and 1917 x 24 logits."""
        small = cv2.resize(view, (SIDE, SIDE), interpolation=_interpolation(view))
        small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        np.divide(small, 127.5, out=self._input[0])
        self._input -= 1
        encodings, logits = self._session.run(
            ["raw_outputs/box_encodings", "raw_outputs/class_predictions"],
            {"normalized_input_image_tensor": self._input},
        )
        return encodings.reshape(-1, 4), logits.reshape(len(self._anchors), -1)


def decode(encodings: NDArray[np.float32], anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners (x1, y1, x2, y2) in the unit square of box encodings (N x 4: y, x, h, w) at N anchors."""
    centre_y, centre_x, height, width = anchors.T
    y = encodings[:, 0] / CENTRE_SCALE * height + centre_y
    x = encodings[:, 1] / CENTRE_SCALE * width + centre_x
    half_height = np.exp(np.minimum(encodings[:, 2] / SIZE_SCALE, 4)) * height / 2
    half_width = np.exp(np.minimum(encodings[:, 3] / SIZE_SCALE, 4)) * width / 2
    return np.stack([x - half_width, y - half_height, x + half_width, y + half_height], axis=1).astype(np.float32)


def split(width: int, height: int) -> list[tuple[int, int]]:
    """Two windows of columns that overlap by a fifth of the picture; one for a picture that is not wide."""
    part = round(0.6 * width)
    return [(0, part), (width - part, width)] if width >= 1.2 * height else [(0, width)]


def _interpolation(view: Picture) -> int:
    return cv2.INTER_AREA if min(view.shape[:2]) > 2 * SIDE else cv2.INTER_LINEAR


def _load() -> onnxruntime.InferenceSession:
    content = MODEL_FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
        raise RuntimeError(f"{MODEL_FILE.name} in hub/vision/models is damaged; copy it from the download again.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
