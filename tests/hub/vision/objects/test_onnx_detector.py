"""Operators' detectors in ONNX files: outputs of every known shape, classes, pixels, sentences of refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.settings.vision import Vision
from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import PERSON, VEHICLE, ObjectDetector
from hub.vision.objects.onnx_outputs import recognise
from hub.vision.objects.operator_models import detector_from
from tests.support.onnx_files import OnnxFile

PERSONS, ALL = frozenset({PERSON}), frozenset({PERSON, VEHICLE})
PICTURE = np.full((200, 400, 3), 90, np.uint8)
"""Letterboxed into 100 x 100 it is a quarter of its size, with 25 grey rows above and below."""


def picture_input(side: int = 100) -> OnnxFile:
    return OnnxFile().input("images", (1, 3, side, side))


def load(file: OnnxFile, folder: Path, **settings: Any) -> ObjectDetector:
    path = file.write(folder / "mine.onnx")
    return detector_from(Vision(detector=str(path), **settings).model_dump())


def rounded(detector: ObjectDetector, kinds: frozenset[str] = PERSONS) -> list[tuple[Any, ...]]:
    return [
        (round(box.x1, 2), round(box.y1, 2), round(box.x2, 2), round(box.y2, 2), round(box.confidence, 3), box.kind)
        for box in detector.detect(PICTURE, kinds)
    ]


def yolo_table(rows: list[tuple[float, ...]], columns: int, count: int = 60) -> np.ndarray:
    table = np.zeros((count, columns), np.float32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table


def test_yolo_with_classes_first(tmp_path: Path) -> None:
    """Its picture is letterboxed, so a box in the middle of the input is in the middle of the picture."""
    rows = [(50, 50, 10, 20, 0.9, 0.1), (52, 50, 10, 20, 0.8), (20, 50, 8, 10, 0.2, 0.1, 0.7), (80, 50, 4, 8, 0.19)]
    table = yolo_table(rows, 4 + 4)
    detector = load(picture_input().constant("output0", table.T[None].copy()), tmp_path)
    assert rounded(detector) == [(180, 60, 220, 140, 0.9, PERSON)], "overlapping, unsure and other boxes are left out"
    assert rounded(detector, ALL)[1:] == [(64, 80, 96, 120, 0.7, VEHICLE)]
    assert rounded(detector, frozenset({VEHICLE})) == rounded(detector, ALL)[1:]


def test_a_lower_limit_of_the_settings_counts(tmp_path: Path) -> None:
    file = picture_input().constant("output0", yolo_table([(50, 50, 10, 20, 0.15)], 8).T[None].copy())
    assert rounded(load(file, tmp_path)) == []
    assert rounded(load(file, tmp_path, min_confidence=0.1)) == [(180, 60, 220, 140, 0.15, PERSON)]


def test_two_classes_do_not_suppress_each_other(tmp_path: Path) -> None:
    rows = [(50, 50, 10, 20, 0.9), (50, 50, 10, 20, 0, 0, 0.8)]
    detector = load(picture_input().constant("output0", yolo_table(rows, 8).T[None].copy()), tmp_path)
    assert [box.kind for box in detector.detect(PICTURE, ALL)] == [PERSON, VEHICLE]


def test_yolo_with_an_objectness(tmp_path: Path) -> None:
    rows = [(50, 50, 10, 20, 0.9, 0.6), (20, 50, 10, 20, 0.3, 0.6)]
    detector = load(picture_input().constant("output0", yolo_table(rows, 5 + 3)[None]), tmp_path)
    assert rounded(detector) == [(180, 60, 220, 140, 0.54, PERSON)]


def test_yolo_with_names_decides_columns_and_classes_by_them(tmp_path: Path) -> None:
    rows = [(50, 50, 10, 20, 0.1, 0.1, 0.9)]
    file = picture_input().constant("output0", yolo_table(rows, 4 + 4)[None])
    file.metadata("names", "{0: 'dog', 1: 'cat', 2: 'Person', 3: 'bus'}")
    assert rounded(load(file, tmp_path)) == [(180, 60, 220, 140, 0.9, PERSON)]
    assert rounded(load(file, tmp_path, detector_labels=["dog"], min_confidence=0.05)) == []


def test_a_list_of_final_boxes(tmp_path: Path) -> None:
    rows = [(45, 40, 55, 60, 0.9, 0), (10, 40, 20, 60, 0.8, 2), (10, 40, 20, 60, 0.9, 1)]
    detector = load(picture_input().constant("output0", yolo_table(rows, 6)[None]), tmp_path)
    assert rounded(detector, ALL) == [(180, 60, 220, 140, 0.9, PERSON), (40, 60, 80, 140, 0.8, VEHICLE)]


def detr(folder: Path, names: tuple[str, str] = ("logits", "pred_boxes"), **settings: Any) -> ObjectDetector:
    logits = np.full((1, 5, 4), -9, np.float32)
    logits[0, :, 3] = 9
    logits[0, 0] = [np.log(0.8), -9, -9, np.log(0.2)]
    logits[0, 1, 2] = 30
    boxes = np.tile(np.array([0.5, 0.5, 0.1, 0.4], np.float32), (1, 5, 1))
    return load(picture_input().constant(names[0], logits).constant(names[1], boxes), folder, **settings)


@pytest.mark.parametrize(
    ("shape", "names", "kind", "classes"),
    [
        ((1, 84, 8400), 0, "YOLO", 80),
        ((1, 84, 8400), 80, "YOLO", 80),
        ((1, 8400, 84), 0, "YOLO", 80),
        ((1, 25200, 85), 0, "YOLO", 80),
        ((1, 25200, 85), 80, "YOLO", 80),
        ((1, 5, 8400), 1, "YOLO", 1),
        ((1, 25200, 6), 1, "YOLO", 1),
        ((1, 84, 21), 80, "YOLO", 80),
        ((1, 300, 6), 1, "YOLO list", None),
        ((1, 300, 6), 80, "YOLO list", None),
    ],
)
def test_shapes_of_exports(shape: tuple[int, ...], names: int, kind: str, classes: int | None) -> None:
    """The axis of the classes is the shorter one, or the one that fits the names in the file."""
    reading = recognise({"output0": np.zeros(shape, np.float32)}, (640, 640), names, False)
    assert reading is not None and (reading.kind, reading.classes, reading.letterbox) == (kind, classes, True)


def test_detr(tmp_path: Path) -> None:
    """Its picture is stretched and its boxes are fractions; its last class means nothing."""
    assert rounded(detr(tmp_path)) == [(180, 60, 220, 140, 0.8, PERSON)]
    assert rounded(detr(tmp_path), frozenset({VEHICLE})) == [(180, 60, 220, 140, 1.0, VEHICLE)]


def test_detr_with_other_names_and_a_sigmoid(tmp_path: Path) -> None:
    detector = detr(tmp_path, ("labels", "dets"), detector_scores="sigmoid", detector_labels=["3"])
    assert [box[4:] for box in rounded(detector)] == [(1.0, PERSON)], "four classes now, and the last one counts"


@pytest.mark.parametrize("batch", [False, True])
def test_boxes_scores_and_labels(tmp_path: Path, batch: bool) -> None:
    outputs = {
        "boxes": np.array([[45, 30, 55, 70], [0, 0, 10, 10]], np.float32),
        "labels": np.array([1, 0], np.int64),
        "scores": np.array([0.75, 0.9], np.float32),
    }
    file = picture_input()
    for name, values in outputs.items():
        file.constant(name, values[None] if batch else values)
    assert rounded(load(file, tmp_path, detector_labels=["1"])) == [(180, 60, 220, 140, 0.75, PERSON)]


def test_no_detections_at_all(tmp_path: Path) -> None:
    file = picture_input()
    file.constant("boxes", np.zeros((0, 4), np.float32), ("n", 4)).constant("labels", np.zeros(0, np.int64), ("n",))
    file.constant("scores", np.zeros(0, np.float32), ("n",))
    assert load(file, tmp_path).detect(PICTURE, ALL) == []


def test_boxes_are_clipped_and_odd_numbers_left_out(tmp_path: Path) -> None:
    rows = [
        (0, 50, 40, 500, 0.9),
        (float("nan"), 50, 10, 10, 0.9),
        (50, 50, float("inf"), 10, 0.9),
        (50, 50, 10, 10, float("nan")),
        (90, 5, 10, 4, 0.9),
        (50, 50, -8, -8, 0.9),
    ]
    detector = load(picture_input().constant("output0", yolo_table(rows, 8).T[None].copy()), tmp_path)
    assert rounded(detector) == [(0, 0, 80, 200, 0.9, PERSON)], "one lies in the border above the picture"


def test_size_from_the_settings_where_the_file_leaves_it_open(tmp_path: Path) -> None:
    file = OnnxFile().input("images", ("n", 3, "h", "w"))
    file.constant("output0", yolo_table([(50, 50, 10, 20, 0.9)], 8).T[None].copy())
    detector = load(file, tmp_path, detector_input=[100, 60])
    assert rounded(detector) == [(180, 140, 220, 200, 0.9, PERSON)], "5 grey rows above the picture, not 25"


@pytest.mark.parametrize(
    ("name", "shape", "node", "labels"),
    [
        ("orig_target_sizes", (1, 2), "Reshape", ["100", "60"]),
        ("pixel_mask", (1, "h", "w"), "ReduceSum", ["6000", "60"]),
    ],
)
def test_further_inputs_of_known_names_are_filled(
    tmp_path: Path, name: str, shape: tuple[int | str, ...], node: str, labels: list[str]
) -> None:
    """The graph makes the classes of its boxes from the further input: width and height, or the pixels of the mask."""
    file = OnnxFile().input("images", (1, 3, "h", "w")).input(name, shape, np.int64)
    count = 2 if node == "Reshape" else 1
    if node == "Reshape":
        file.tensor("to", np.array([2], np.int64)).node(node, [name, "to"], "labels")
    else:
        file.node(node, [name], "sum").tensor("to", np.array([1], np.int64)).node("Reshape", ["sum", "to"], "labels")
    file.output("labels", (count,), np.int64).constant("scores", np.ones(count, np.float32))
    file.constant("boxes", np.array([[45, 30, 55, 60], [0, 0, 10, 30]], np.float32)[:count])
    detector = load(
        file, tmp_path, detector_input=[100, 60], detector_labels=labels[:1], detector_vehicle_labels=labels[1:]
    )
    found = rounded(detector, ALL)
    assert found[0] == (180, 100, 220, 200, 1.0, PERSON) and [box[5] for box in found[1:]] == [VEHICLE] * (count - 1)


def test_other_inputs_are_named(tmp_path: Path) -> None:
    file = picture_input().input("prompt", (1, 5), np.int64).constant("output0", yolo_table([], 8)[None])
    with pytest.raises(ModelError, match=r"inputs images \(1, 3, 100, 100\), prompt \(1, 5\), not one picture"):
        load(file, tmp_path)


def test_class_outside_the_model(tmp_path: Path) -> None:
    file = picture_input().constant("output0", yolo_table([], 8).T[None].copy())
    with pytest.raises(
        ModelError, match=r"has no class 7, person .*numbers from 0 to 3\): write the number .*detector_labels"
    ):
        load(file, tmp_path, detector_labels=["7", "person"])


def test_names_without_a_person(tmp_path: Path) -> None:
    file = (
        picture_input().constant("output0", yolo_table([], 6, 100).T[None].copy()).metadata("names", "['face', 'dog']")
    )
    with pytest.raises(ModelError, match=r"classes \(face, dog\) is in vision.detector_labels \(person, 0\)"):
        load(file, tmp_path)
    assert load(file, tmp_path, detector_labels=["FACE"]).detect(PICTURE, ALL) == []


@pytest.mark.parametrize(
    "outputs",
    [
        {"a": np.zeros((1, 10), np.float32)},
        {"a": np.zeros((1, 4, 60), np.float32)},
        {"a": np.zeros((1, 9, 5), np.float32), "b": np.zeros((1, 8, 4), np.float32)},
        {"boxes": np.zeros((3, 4), np.float32), "scores": np.zeros(3, np.float32)},
    ],
)
def test_unknown_outputs_are_named(tmp_path: Path, outputs: dict[str, np.ndarray]) -> None:
    file = picture_input()
    for name, values in outputs.items():
        file.constant(name, values)
    with pytest.raises(ModelError) as caught:
        load(file, tmp_path)
    for name, values in outputs.items():
        assert f"{name} ({', '.join(map(str, values.shape))}" in str(caught.value)


@pytest.mark.parametrize(
    "shape", [(1, 4, 64, 64), (2, 3, 64, 64), (1, 100), (1, 64, 64, 1)], ids=lambda shape: "x".join(map(str, shape))
)
def test_inputs_that_are_no_picture(tmp_path: Path, shape: tuple[int, ...]) -> None:
    file = OnnxFile().input("data", shape).constant("output0", yolo_table([], 8)[None])
    with pytest.raises(ModelError, match=r"inputs data \(.*\), not one picture"):
        load(file, tmp_path)


def test_files_that_are_not_there_or_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file .*none.onnx: correct vision.detector"):
        detector_from(Vision(detector=str(tmp_path / "none.onnx")).model_dump())
    (tmp_path / "broken.onnx").write_bytes(b"this is no protobuf")
    with pytest.raises(ModelError, match=r"broken.onnx cannot be loaded as an ONNX model \(.*export it again"):
        detector_from(Vision(detector=str(tmp_path / "broken.onnx")).model_dump())


def test_too_large_an_input(tmp_path: Path) -> None:
    file = picture_input(4096).constant("output0", yolo_table([], 8)[None])
    with pytest.raises(ModelError, match=r"4096 x 4096 pixels, more than 2048 a side"):
        load(file, tmp_path)
