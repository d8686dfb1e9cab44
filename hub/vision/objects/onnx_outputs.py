"""How the outputs of an ONNX detector are read, recognised by their shapes.

    DETR        class logits 1 x N x classes and boxes 1 x N x 4 (centre x, centre y, width, height; 0 to 1)
    boxes       boxes N x 4 (x1, y1, x2, y2), scores N and labels N, as torchvision's detectors have them
    YOLO        1 x (4 + classes) x N, or 1 x N x (4 + classes), or 1 x N x (5 + classes) with an objectness
    YOLO list   1 x N x 6: x1, y1, x2, y2, score, class, at most 1000 of them

All but DETR's boxes are in pixels of the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.vision.objects.candidates import Candidates, corners_of

Array = NDArray[Any]
Outputs = dict[str, Array]

MAX_LISTED = 1000
COCO_CLASSES = 80


@dataclass(frozen=True)
class Reading:
    """How the outputs are read: `read` makes candidates; `letterbox` tells how such models want their picture."""

    kind: str
    letterbox: bool
    classes: int | None
    read: Callable[[Outputs], Candidates]


def recognise(outputs: Outputs, size: tuple[int, int], names: int, sigmoid: bool) -> Reading | None:
    """How to read outputs of these shapes; None for any others.

    `size` is width and height of the input, `names` the number of class names in the file (0: none), `sigmoid` how
    DETR's logits become scores.
    """
    if len(outputs) == 1:
        (name, value), *_ = outputs.items()
        return _yolo(name, value.shape, names)
    return _detr(outputs, size, sigmoid) or _boxes(outputs)


def _detr(outputs: Outputs, size: tuple[int, int], sigmoid: bool) -> Reading | None:
    triples = {name: value.shape for name, value in outputs.items() if value.ndim == 3 and value.shape[0] == 1}
    boxes = [name for name, shape in triples.items() if shape[2] == 4]
    named = (name for word in ("box", "det") for name in boxes if word in name.lower())
    box = next(named, boxes[0] if boxes else None)
    if box is None:
        return None
    others = [name for name in triples if name != box and triples[name][1] == triples[box][1]]
    logit = next((name for name in others if "logit" in name.lower()), others[0] if len(others) == 1 else None)
    if logit is None:
        return None
    scale = np.tile(np.array(size, np.float32), 2)

    def read(values: Outputs) -> Candidates:
        scores = _sigmoid(values[logit][0]) if sigmoid else _softmax(values[logit][0])[:, :-1]
        return _best(corners_of(values[box][0].astype(np.float32)) * scale, scores)

    return Reading("DETR", False, triples[logit][2] - (0 if sigmoid else 1), read)


def _boxes(outputs: Outputs) -> Reading | None:
    shapes = {name: value.shape[1:] if _has_batch(value) else value.shape for name, value in outputs.items()}
    box = next((name for name, shape in shapes.items() if len(shape) == 2 and shape[1] == 4), None)
    flat = [name for name, shape in shapes.items() if len(shape) == 1 and box and shape[0] == shapes[box][0]]
    label = next((name for name in flat if np.issubdtype(outputs[name].dtype, np.integer)), None)
    score = next((name for name in flat if np.issubdtype(outputs[name].dtype, np.floating)), None)
    if box is None or label is None or score is None:
        return None

    def read(values: Outputs) -> Candidates:
        return Candidates(
            values[box].reshape(-1, 4).astype(np.float32),
            values[score].reshape(-1).astype(np.float32),
            values[label].reshape(-1).astype(np.int64),
        )

    return Reading("boxes, scores and labels", False, None, read)


def _has_batch(value: Array) -> bool:
    return value.shape[:1] == (1,) and (value.ndim == 3 or (value.ndim == 2 and value.shape[1] != 4))


def _yolo(name: str, shape: tuple[int, ...], names: int) -> Reading | None:
    if len(shape) != 3 or shape[0] != 1 or min(shape[1:]) < 5:
        return None
    rows, columns = shape[1:]
    if columns == 6 and rows <= MAX_LISTED:
        return Reading("YOLO list", True, None, lambda values: _listed(values[name][0]))
    if names and {rows, columns} & {4 + names, 5 + names}:
        first = rows in (4 + names, 5 + names)
    else:
        first = rows < columns
    width = rows if first else columns
    # Without names: detectors with the classes before the boxes have no objectness, the others have one.
    objectness = width != 4 + names if names else not first and width not in (5, 4 + COCO_CLASSES)
    skip = 5 if objectness else 4

    def read(values: Outputs) -> Candidates:
        table = (values[name][0].T if first else values[name][0]).astype(np.float32)
        scores = table[:, skip:] * table[:, 4:5] if objectness else table[:, 4:]
        return _best(corners_of(table[:, :4]), scores)

    return Reading("YOLO", True, width - skip, read)


def _listed(table: Array) -> Candidates:
    values = np.nan_to_num(table.astype(np.float32))
    return Candidates(values[:, :4], values[:, 4], values[:, 5].astype(np.int64))


def _best(corners: Array, scores: Array) -> Candidates:
    """Each box with its most probable class. A score that is no number counts as 0."""
    clean = np.nan_to_num(scores.astype(np.float32))
    classes = clean.argmax(axis=1)
    return Candidates(corners.astype(np.float32), clean[np.arange(len(clean)), classes], classes.astype(np.int64))


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits.astype(np.float32) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float32), -60, 60))))
