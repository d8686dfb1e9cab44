"""An operator's object detector, loaded by transformers."""

from __future__ import annotations

from typing import Any

import numpy as np

from hub.vision.objects.candidates import Candidates, Placement, threshold_of, to_boxes
from hub.vision.objects.interfaces import Box, Picture
from hub.vision.objects.labels import kinds_by_class
from hub.vision.objects.transformers_model import TransformersModel, pil


class TransformersDetector:
    """Finds persons and vehicles with a model of AutoModelForObjectDetection. `about` is for operators."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Load the model and run it once. Raises ModelError."""
        self._loaded = TransformersModel(options, "detector", "AutoModelForObjectDetection")
        self._loaded.check_weights()
        self.name = self._loaded.name
        self._threshold = threshold_of(options)
        config = self._loaded.model.config
        names = {int(number): str(name) for number, name in (getattr(config, "id2label", None) or {}).items()}
        self._kinds = kinds_by_class(names, options, len(names) or None)
        classes = (f"class {number} ({names[number]}) is a {kind}" for number, kind in sorted(self._kinds.items()))
        self.about = f"{type(self._loaded.model).__name__}, " + ", ".join(classes)
        self._run(np.zeros((64, 64, 3), np.uint8))

    def detect(self, picture: Picture, kinds: frozenset[str]) -> list[Box]:
        """The objects of these kinds, the most confident first. Raises ModelError."""
        size = (picture.shape[1], picture.shape[0])
        nowhere = Placement((1.0, 1.0), (0.0, 0.0))
        return to_boxes(self._run(picture), nowhere, size, self._kinds, kinds, self._threshold)

    def _run(self, picture: Picture) -> Candidates:
        """Everything above the threshold, in pixels of the picture."""
        loaded, size = self._loaded, picture.shape[:2]
        try:
            with loaded.torch.inference_mode():
                inputs = loaded.processor(images=pil(picture), return_tensors="pt")
                found = loaded.processor.post_process_object_detection(
                    loaded.model(**inputs), threshold=self._threshold, target_sizes=[tuple(size)]
                )[0]
                corners, scores, classes = (found[name].numpy() for name in ("boxes", "scores", "labels"))
        except Exception as error:  # torch and transformers raise anything
            raise loaded.error("fails on a picture", error) from error
        return Candidates(
            corners.reshape(-1, 4).astype(np.float32), scores.astype(np.float32), classes.astype(np.int64)
        )
