"""Operators' encoders in ONNX files: what the model gets, what comes out, and how it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.settings.vision import Vision
from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import PERSON, Box, ImageEncoder
from hub.vision.objects.operator_models import encoder_from
from tests.support.onnx_files import OnnxFile

MEAN, STD = [0.5, 0.25, 0.125], [0.5, 0.25, 2.0]
WEIGHTS = np.arange(1, 31, dtype=np.float32).reshape(10, 3, 1, 1) - 15
"""Ten mixtures of the three colours."""

BLUE_GREEN_RED = (40, 200, 120)


def mixtures(weights: np.ndarray = WEIGHTS) -> OnnxFile:
    """An encoder that puts out ten mixtures of the colours of each pixel, 1 x 10 x h x w."""
    file = OnnxFile().input("x", (1, 3, "h", "w")).tensor("weights", weights)
    return file.node("Conv", ["x", "weights"], "y").output("y", (1, 10, "h", "w"))


def load(file: OnnxFile, folder: Path, name: str = "mine.onnx", **settings: Any) -> ImageEncoder:
    values = {"encoder_mean": MEAN, "encoder_std": STD, "encoder_input": [16, 32], **settings}
    return encoder_from(Vision(encoder=str(file.write(folder / name)), **values).model_dump())


def two_colours() -> tuple[np.ndarray, list[Box]]:
    """A picture with a coloured left half, and a box on each half."""
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[:, :40] = BLUE_GREEN_RED
    return picture, [Box(0, 0, 40, 60, 0.9, PERSON), Box(40, 0, 80, 60, 0.9, PERSON)]


def expected(bgr: tuple[int, int, int]) -> np.ndarray:
    rgb = (np.array(bgr[::-1]) / 255 - MEAN) / STD
    mixed = WEIGHTS.reshape(10, 3) @ rgb
    return mixed / np.linalg.norm(mixed)


def test_rgb_mean_std_average_and_length(tmp_path: Path) -> None:
    encoder = load(mixtures(), tmp_path, encoder_scale=0.7)
    vectors = encoder.encode(*two_colours())
    assert (encoder.size, encoder.scale, vectors.shape, vectors.dtype) == (10, 0.7, (2, 10), np.float32)
    np.testing.assert_allclose(vectors, [expected(BLUE_GREEN_RED), expected((0, 0, 0))], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_boxes(tmp_path: Path) -> None:
    assert load(mixtures(), tmp_path).encode(two_colours()[0], []).shape == (0, 10)


def test_boxes_at_and_beyond_the_edge(tmp_path: Path) -> None:
    encoder, (picture, _) = load(mixtures(), tmp_path), two_colours()
    odd = [
        Box(-9, -9, 30, 70, 0.9, PERSON),
        Box(10.2, 10.2, 10.3, 10.3, 0.9, PERSON),
        Box(79.9, 59.9, 80, 60, 1, PERSON),
    ]
    vectors = encoder.encode(picture, odd)
    np.testing.assert_allclose(vectors[:2], [expected(BLUE_GREEN_RED)] * 2, atol=1e-5)
    np.testing.assert_allclose(vectors[2], expected((0, 0, 0)), atol=1e-5)


def flat(layout: str, kind: type = np.float32, sides: tuple[int, int] = (4, 2)) -> OnnxFile:
    """An encoder that puts out its input as one row, 1 x numbers."""
    height, width = sides
    shape = (1, height, width, 3) if layout == "nhwc" else (1, 3, height, width)
    size = height * width * 3
    file = OnnxFile().input("x", shape, kind).tensor("to", np.array([1, size], np.int64))
    return file.node("Reshape", ["x", "to"], "y").output("y", (1, size), kind)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_layout_and_size_are_those_of_the_file(tmp_path: Path, layout: str) -> None:
    encoder = load(flat(layout), tmp_path, encoder_mean=[0, 0, 0], encoder_std=[1, 1, 1])
    rgb = np.tile(np.array(BLUE_GREEN_RED[::-1], np.float32), (4, 2, 1))
    rgb = rgb if layout == "nhwc" else rgb.transpose(2, 0, 1)
    vector = encoder.encode(two_colours()[0], two_colours()[1][:1])[0]
    np.testing.assert_allclose(vector, rgb.ravel() / np.linalg.norm(rgb), atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.float16])
def test_bytes_get_the_values_as_they_are_and_half_precision_works(tmp_path: Path, kind: type) -> None:
    settings = {} if kind is np.uint8 else {"encoder_mean": [0, 0, 0], "encoder_std": [1, 1, 1]}
    vector = load(flat("nhwc", kind), tmp_path, **settings).encode(two_colours()[0], two_colours()[1][:1])[0]
    wanted = np.tile(np.array(BLUE_GREEN_RED[::-1]), 8)
    np.testing.assert_allclose(vector, wanted / np.linalg.norm(wanted), atol=1e-3)


def test_the_name_changes_with_the_weights_and_with_what_the_model_gets(tmp_path: Path) -> None:
    """An embedding that other weights made must not be compared; a copy in another folder is the same model."""
    first = load(mixtures(), tmp_path)
    (tmp_path / "copy").mkdir()
    assert first.name.startswith("onnx:mine.onnx:") and len(first.name.rpartition(":")[2]) == 12
    assert load(mixtures(), tmp_path / "copy", encoder_scale=0.2).name == first.name
    others = [
        load(mixtures(weights=WEIGHTS + 1), tmp_path),
        load(mixtures(), tmp_path, encoder_mean=[0, 0, 0]),
        load(mixtures(), tmp_path, encoder_std=[1, 1, 1]),
        load(mixtures(), tmp_path, encoder_input=[32, 32]),
    ]
    (tmp_path / "mine.onnx.data").write_bytes(b"weights beside the file")
    others.append(load(mixtures(), tmp_path))
    assert len({first.name, *(other.name for other in others)}) == 6


def test_outputs_that_are_no_vector(tmp_path: Path) -> None:
    file = mixtures().constant("more", np.zeros((1, 5), np.float32))
    with pytest.raises(ModelError, match=r"outputs y \(1, 10, 32, 16\), more \(1, 5\); it has to have one"):
        load(file, tmp_path)
    with pytest.raises(ModelError, match=r"puts out 3 numbers for a picture; an embedding has 8 to 4096"):
        load(
            OnnxFile().input("x", (1, 3, 8, 8)).node("GlobalAveragePool", ["x"], "y").output("y", (1, 3, 1, 1)),
            tmp_path,
        )


def test_a_vector_of_zeros_is_refused(tmp_path: Path) -> None:
    encoder = load(mixtures(weights=np.zeros_like(WEIGHTS)), tmp_path)
    with pytest.raises(ModelError, match="zeros or no numbers"):
        encoder.encode(*two_colours())


def test_a_size_that_the_graph_refuses(tmp_path: Path) -> None:
    file = OnnxFile().input("x", (1, 3, "h", "w")).tensor("to", np.array([1, 30], np.int64))
    file.node("Reshape", ["x", "to"], "y").output("y", (1, 30))
    with pytest.raises(ModelError, match=r"fails on a picture of 16 x 32 pixels .*check vision.encoder_input"):
        load(file, tmp_path)
