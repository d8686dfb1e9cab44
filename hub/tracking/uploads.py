"""Photos of one person become one embedding."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from hub.contract.errors import Unavailable
from hub.tracking.analysis import Analysis
from hub.tracking.contract.upload import Upload
from hub.tracking.envelope import Embedding, WrongEmbedding
from hub.tracking.persons import Persons
from hub.tracking.vectors import mean

MAX_PENDING = 16
NOBODY = (
    "No person was found in {}; the whole picture was used. A photo that shows the person from head to foot is better."
)


class Uploads:
    """The service of `POST /upload-embedding`; at most MAX_PENDING run or wait at once."""

    def __init__(self, analysis: Analysis, persons: Persons) -> None:
        self._analysis, self._persons = analysis, persons
        self._pending = 0

    def embed(self, upload: Upload) -> dict[str, Any]:
        """The reply with the embedding of all photos. Raises RequestError."""
        before = None if upload.embedding is None else self._persons.open(upload.embedding)
        if self._pending >= MAX_PENDING:
            raise Unavailable("The hub has as many photos to analyse as it may; try again.", retry_after=2)
        self._pending += 1
        try:
            looks = [self._analysis.embed(picture) for picture in upload.pictures]
        finally:
            self._pending -= 1
        used, warnings = _choose(looks)
        embedding = _combine(used, before)
        return {
            "success": True,
            "embedding": self._persons.seal(embedding),
            "shape": [embedding.size],
            "dtype": "float32",
            "method": "multi_frame",
            "status": "success",
            "model": embedding.model,
            "person": embedding.person,
            "pictures": embedding.count,
            "found": any(look["found"] for look in looks),
            "boxes": [look["box"] for look in looks],
            "warnings": warnings,
        }


def _choose(looks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The looks to use and sentences about the others: photos without a person only count where all are such."""
    several = len(looks) > 1
    warnings = [
        f"{look['people']} persons were found in picture {number}; the one found most surely was used."
        if several
        else f"{look['people']} persons were found; the one found most surely was used."
        for number, look in enumerate(looks, 1)
        if look["people"] > 1
    ]
    found = [look for look in looks if look["found"]]
    if not found:
        return looks, [*warnings, NOBODY.format("any picture" if several else "the picture")]
    left_out = [number for number, look in enumerate(looks, 1) if not look["found"]]
    return found, warnings + [f"No person was found in picture {number}; it was left out." for number in left_out]


def _combine(looks: list[dict[str, Any]], before: Embedding | None) -> Embedding:
    """The mean of the looks and of an earlier embedding, whose person it is then. Raises WrongEmbedding."""
    model = str(looks[0]["model"])
    if before is not None and before.model != model:
        raise WrongEmbedding(
            f"The embedding was made by another model ({before.model[:80]}; this hub runs {model[:80]}); "
            "make a new one from the photos."
        )
    parts = [(base64.b64decode(look["embedding"]), 1) for look in looks]
    if before is not None:
        parts.append((before.vector, before.count))
    person = str(uuid.uuid4()) if before is None else before.person
    return Embedding(mean(parts), model, person, sum(weight for _, weight in parts))
