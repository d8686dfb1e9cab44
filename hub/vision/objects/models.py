"""The detector and the encoder that the section [vision] names."""

from __future__ import annotations

from typing import Any

from hub.vision.objects.errors import ModelError
from hub.vision.objects.interfaces import ImageEncoder, ObjectDetector
from hub.vision.objects.operator_models import detector_from, encoder_from


def detector(options: dict[str, Any]) -> ObjectDetector:
    """Load the detector. Raises ModelError."""
    if not options["detector"]:
        raise ModelError("This version has no detector of its own: name one in vision.detector.")
    return detector_from(options)


def encoder(options: dict[str, Any]) -> ImageEncoder:
    """Load the encoder. Raises ModelError."""
    if not options["encoder"]:
        raise ModelError("This version has no encoder of its own: name one in vision.encoder.")
    return encoder_from(options)
