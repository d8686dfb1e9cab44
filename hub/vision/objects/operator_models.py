"""Operators' own models, named by `detector` and `encoder` in the section [vision].

`options` are the values of that section (hub.settings.vision). Nothing here uses the network: a hub id has to be on
this machine already, `python app.py check-models` downloads it (`model_folder.fetch`).
"""

from __future__ import annotations

from typing import Any

from hub.vision.objects.interfaces import ImageEncoder, ObjectDetector
from hub.vision.objects.model_path import is_onnx


def detector_from(options: dict[str, Any]) -> ObjectDetector:
    """Load the detector that `options["detector"]` names. Raises ModelError."""
    if is_onnx(options["detector"]):
        from hub.vision.objects.onnx_detector import OnnxDetector

        return OnnxDetector(options)
    from hub.vision.objects.transformers_detector import TransformersDetector

    return TransformersDetector(options)


def encoder_from(options: dict[str, Any]) -> ImageEncoder:
    """Load the encoder that `options["encoder"]` names. Raises ModelError."""
    if is_onnx(options["encoder"]):
        from hub.vision.objects.onnx_encoder import OnnxEncoder

        return OnnxEncoder(options)
    from hub.vision.objects.transformers_encoder import TransformersEncoder

    return TransformersEncoder(options)
