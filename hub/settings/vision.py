"""Settings of the models that find persons and vehicles in pictures, and that tell persons apart."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hub.settings.base import Section


def _is_a_size(value: list[int]) -> list[int]:
    if len(value) != 2 or not all(16 <= side <= 2048 for side in value):
        raise ValueError("has two numbers, width and height, each from 16 to 2048")
    return value


def _are_means(value: list[float]) -> list[float]:
    if len(value) != 3 or not all(-10 <= one <= 10 for one in value):
        raise ValueError("has three numbers, red, green and blue, each from -10 to 10")
    return value


def _are_deviations(value: list[float]) -> list[float]:
    if len(value) != 3 or not all(0.001 <= one <= 10 for one in value):
        raise ValueError("has three numbers, red, green and blue, each from 0.001 to 10")
    return value


def _is_a_model(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("is a path or the name of a model, without spaces at its ends")
    return value


def _are_labels(value: list[str]) -> list[str]:
    if not all(0 < len(one) <= 60 and one == one.strip() and one.isprintable() for one in value):
        raise ValueError("has names or numbers of classes, each a text of 1 to 60 characters")
    return value


Model = Annotated[str, AfterValidator(_is_a_model)]
Size = Annotated[list[int], AfterValidator(_is_a_size)]
Means = Annotated[list[float], AfterValidator(_are_means)]
Deviations = Annotated[list[float], AfterValidator(_are_deviations)]
Labels = Annotated[list[str], AfterValidator(_are_labels)]


class Vision(Section):
    """Models that find persons and vehicles in pictures; docs/tracking_models.md says how to use your own."""

    min_confidence: float = Field(
        0.43, gt=0, lt=1, description="Persons that the detector is less sure of are left out (0 to 1)."
    )
    detector: Model = Field(
        "",
        max_length=1000,
        description=(
            "The detector: an .onnx file, or the folder or hub id of a transformers object detector; empty: the "
            "built-in one."
        ),
    )
    detector_labels: Labels = Field(
        ["person", "0"],
        min_length=1,
        max_length=50,
        description=(
            "Classes of your detector that are persons: names; numbers count only for a model that has no names of "
            "its classes."
        ),
    )
    detector_vehicle_labels: Labels = Field(
        ["car", "motorcycle", "bus", "truck", "2", "3", "5", "7"],
        max_length=50,
        description="Classes of your detector that are vehicles, in the same way.",
    )
    detector_input: Size = Field(
        [640, 640],
        description="Width and height of the picture for an .onnx detector that does not state its own.",
    )
    detector_mean: Means = Field(
        [0.0, 0.0, 0.0],
        description="Subtracted from red, green and blue (0 to 1) before an .onnx detector gets them.",
    )
    detector_std: Deviations = Field(
        [1.0, 1.0, 1.0], description="Red, green and blue are divided by these after detector_mean is subtracted."
    )
    detector_scores: Literal["softmax", "sigmoid"] = Field(
        "softmax",
        description=(
            "How the scores of an .onnx detector with outputs like DETR's are computed: softmax (DETR, YOLOS) or "
            "sigmoid (RT-DETR, Deformable DETR)."
        ),
    )
    encoder: Model = Field(
        "",
        max_length=1000,
        description=(
            "What tells persons apart: an .onnx file, or the folder or hub id of a transformers image encoder; empty: "
            "the built-in colour stripes."
        ),
    )
    encoder_input: Size = Field(
        [128, 256],
        description="Width and height of the picture for an .onnx encoder that does not state its own.",
    )
    encoder_mean: Means = Field(
        [0.485, 0.456, 0.406],
        description="Subtracted from red, green and blue (0 to 1) before an .onnx encoder gets them.",
    )
    encoder_std: Deviations = Field(
        [0.229, 0.224, 0.225], description="Red, green and blue are divided by these after encoder_mean is subtracted."
    )
    encoder_scale: float = Field(
        1.0,
        gt=0,
        le=10,
        description=(
            "Distances of your encoder are multiplied by this, so that tracking.max_distance (0.38) is the right limit "
            "for it."
        ),
    )
