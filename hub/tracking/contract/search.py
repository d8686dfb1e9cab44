"""The request of a search in a recorded video: what `POST /find` accepts (docs/wire/tracking.md 1.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.errors import ContractError
from hub.tracking.contract.messages import embedding_text, max_distance

DEFAULT_STEP, MAX_STEP = 30, 1000
UNPROCESSABLE = 422


@dataclass(frozen=True)
class SearchRequest:
    """Who is looked for in which video, by its name. Every `step`-th frame is examined.

    `max_distance` None: the hub's setting.
    """

    embedding: str = field(repr=False)
    video: str
    max_distance: float | None = None
    step: int = DEFAULT_STEP


def parse_search(data: dict[str, Any]) -> SearchRequest:
    """Both forms: `person` and `video` as objects, or `embedding` and `video` as texts. Raises ContractError (422)."""
    person, video = data.get("person"), data.get("video")
    if isinstance(person, dict):
        embedding, key = person.get("embedding"), "person.embedding"
    else:
        embedding, key = data.get("embedding"), "embedding"
    if embedding is None:
        raise _refusal(f"{key} is missing: the embedding that POST /upload-embedding answered.")
    name = video.get("path") if isinstance(video, dict) else video
    if not isinstance(name, str) or not name:
        raise _refusal("video is missing: the name of a video that GET /api/tracking/videos lists.")
    return SearchRequest(embedding_text(embedding, key), name, max_distance(data.get("max_distance")), _step(data))


def _step(data: dict[str, Any]) -> int:
    value = data.get("step")
    if value is None:
        return DEFAULT_STEP
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_STEP:
        raise _refusal(f"step is a whole number from 1 to {MAX_STEP}: every step-th frame is examined.")
    return value


def _refusal(message: str) -> ContractError:
    return ContractError(message, status=UNPROCESSABLE)
