"""Detectors and encoders as the options say, loaded once in a process and shared by all streams."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

import cv2

from hub.vision.objects.interfaces import ImageEncoder, ObjectDetector
from hub.vision.objects.ssd import SsdDetector
from hub.vision.objects.stripes import StripeEncoder

OPERATOR_MODELS = "hub.vision.objects.operator_models"
"""Imported only for operators' own models: it brings libraries that take seconds to load."""
Model = TypeVar("Model")

_detectors: dict[str, ObjectDetector] = {}
_encoders: dict[str, ImageEncoder] = {}
MAX_MODELS = 4
"""Of each sort: options change only when an operator changes the settings."""


def detector(options: dict[str, Any]) -> ObjectDetector:
    """The built-in detector, or the operator's where `options["detector"]` names one; raises what loading it raises."""
    return _shared(_detectors, options, "detector", _make_detector)


def encoder(options: dict[str, Any]) -> ImageEncoder:
    """The built-in encoder, or the operator's where `options["encoder"]` names one; raises what loading it raises."""
    return _shared(_encoders, options, "encoder", _make_encoder)


def _shared(
    cache: dict[str, Model], options: dict[str, Any], name: str, make: Callable[[dict[str, Any]], Model]
) -> Model:
    key = json.dumps(options, sort_keys=True) if _names_model(options, name) else str(options.get("views", ""))
    model = cache.get(key)
    if model is None:
        cv2.setNumThreads(1)
        model = make(options)
        if len(cache) >= MAX_MODELS:
            cache.clear()
        cache[key] = model
    return model


def _make_detector(options: dict[str, Any]) -> ObjectDetector:
    if not _names_model(options, "detector"):
        return SsdDetector(options.get("views", 2))
    return cast(ObjectDetector, importlib.import_module(OPERATOR_MODELS).detector_from(options))


def _make_encoder(options: dict[str, Any]) -> ImageEncoder:
    if not _names_model(options, "encoder"):
        return StripeEncoder()
    return cast(ImageEncoder, importlib.import_module(OPERATOR_MODELS).encoder_from(options))


def _names_model(options: dict[str, Any], name: str) -> bool:
    value = options.get(name)
    return isinstance(value, str) and bool(value.strip())
