"""The process in which `check` tries one model: `python -m hub.vision.check_child detector|encoder FILE`.

It reads the section [vision] as JSON from standard input, prints progress, and writes its result as JSON to FILE.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.vision.worker import ENVIRONMENT

RUNS, RUN_SECONDS = 9, 5.0
"""At most so many timed pictures, and none after so long."""
SAME = 1e-4
"""Vectors of two different figures that are closer than this do not depend on the picture."""
SHOWN = 5


def main(argv: list[str]) -> int:
    """Try the model; 0 if it can be used, else 1, with the sentence in the file."""
    part, file = argv
    options = json.load(sys.stdin)
    os.environ.update(ENVIRONMENT)
    try:
        result = measure(part, options, lambda text: print(f"  {text}", flush=True))
    except Exception as error:  # models of others raise anything
        result = {"error": _sentence(error)}
    Path(file).write_text(json.dumps(result), "utf-8")
    return 1 if "error" in result else 0


def measure(part: str, options: dict[str, Any], note: Callable[[str], None]) -> dict[str, Any]:
    """Load the model and use it on the drawn picture: name, about, load and first and median seconds, MB, found."""
    import psutil

    from hub.vision.objects.drawing import drawn_street
    from hub.vision.objects.model_folder import fetch
    from hub.vision.objects.model_path import is_onnx

    if options[part] and not is_onnx(options[part]):
        fetch(options[part], part, note)
    picture, boxes = drawn_street()
    began = time.perf_counter()
    model, use, describe = _model(part, options, picture, boxes)
    loaded = time.perf_counter()
    found = use()
    first = time.perf_counter()
    times = _times(use)
    return {
        "name": model.name,
        "about": getattr(model, "about", ""),
        "load_seconds": loaded - began,
        "first_seconds": first - loaded,
        "median_seconds": statistics.median(times),
        "runs": len(times),
        "megabytes": psutil.Process().memory_info().rss / 1e6,
        "found": describe(found),
    }


def _model(
    part: str, options: dict[str, Any], picture: Any, boxes: list[Any]
) -> tuple[Any, Callable[[], Any], Callable[[Any], str]]:
    """The model, what uses it once, and what describes the outcome."""
    from hub.vision.objects import models
    from hub.vision.objects.interfaces import KINDS

    if part == "detector":
        detector, kinds = models.detector(options), frozenset(KINDS)
        return detector, lambda: detector.detect(picture, kinds), _boxes_text
    encoder = models.encoder(options)
    return encoder, lambda: encoder.encode(picture, boxes[:1]), lambda _: _distance_text(encoder, picture, boxes)


def _times(use: Callable[[], Any]) -> list[float]:
    times: list[float] = []
    while len(times) < RUNS and sum(times) < RUN_SECONDS:
        began = time.perf_counter()
        use()
        times.append(time.perf_counter() - began)
    return times


def _boxes_text(boxes: list[Any]) -> str:
    shown = ", ".join(f"{box.kind} ({box.confidence:.2f})" for box in boxes[:SHOWN])
    return f"{shown}{f' and {len(boxes) - SHOWN} more' if len(boxes) > SHOWN else ''}" if boxes else "nothing"


def _distance_text(encoder: Any, picture: Any, boxes: list[Any]) -> str:
    """Sizes and the distance of the two figures. Raises ModelError where they cannot be told apart at all."""
    import numpy as np

    from hub.vision.objects.errors import ModelError

    first, second = encoder.encode(picture, boxes)
    distance = float(np.linalg.norm(first - second))
    if distance < SAME:
        raise ModelError(
            "The encoder puts out the same vector for two different pictures: check vision.encoder_input, "
            "vision.encoder_mean and vision.encoder_std, or choose another model."
        )
    return (
        f"{encoder.size} numbers a person; distance of two figures in different clothes {distance * encoder.scale:.2f}"
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, (ValueError, RuntimeError)) and str(error).endswith("."):
        return str(error)
    from hub.vision.objects.errors import reason

    return f"It failed ({reason(error)})."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
