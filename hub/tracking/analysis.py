"""What the vision process finds in pictures of persons: embeddings and matches.

A picture that was in the process when it died is analysed once more by the next one.
"""

from __future__ import annotations

import time
from typing import Any

from hub.contract.errors import RequestError, Unavailable
from hub.tracking.envelope import Embedding
from hub.vision.process import VisionError, VisionProcess, VisionUnavailable

TASK = "people"
UPLOADS = "uploads"
"""The stream of photos; streams of sessions contain a slash, so that they are others."""


class NotAnalysed(RequestError):
    """The picture cannot be used (422)."""

    default_status = 422


class Analysis:
    """Asks the vision process. `options` are those of its models, `max_megapixels` of the largest picture."""

    def __init__(self, vision: VisionProcess, options: dict[str, Any], max_megapixels: int) -> None:
        self.vision, self._options, self._max_megapixels = vision, options, max_megapixels

    def embed(self, picture: bytes) -> dict[str, Any]:
        """The vector of the person in a photo: `found`, `embedding`, `model`, `people`. Raises RequestError."""
        return self._ask(UPLOADS, picture, {"op": "embed"})

    def match(
        self,
        stream: str,
        picture: bytes,
        embedding: Embedding,
        max_distance: float,
        crops: bool,
        successive: bool = True,
    ) -> dict[str, Any]:
        """Every person in a picture with its distance, and `seconds`, which it took. Raises RequestError.

        `successive` false: the picture does not follow the last one of its stream closely, so that no track goes on.
        """
        began = time.monotonic()
        request = {
            "op": "match",
            "embedding": embedding.vector_base64,
            "model": embedding.model,
            "max_distance": max_distance,
            "crops": crops,
            "successive": successive,
        }
        result = self._ask(stream, picture, request)
        return {**result, "seconds": time.monotonic() - began}

    def describe(self) -> dict[str, Any]:
        """The names of the models and what they can do. Raises RequestError."""
        return self._ask(UPLOADS, b"", {"op": "describe"})

    def _ask(self, stream: str, picture: bytes, request: dict[str, Any]) -> dict[str, Any]:
        request["max_megapixels"] = self._max_megapixels
        try:
            try:
                return self.vision.ask(stream, self._options, picture, request)
            except VisionUnavailable:
                return self.vision.ask(stream, self._options, picture, request)
        except VisionUnavailable as error:
            raise Unavailable(f"{error} Send the picture again in a few seconds.", retry_after=5) from error
        except VisionError as error:
            raise NotAnalysed(str(error)) from error
