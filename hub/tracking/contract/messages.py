"""Messages of tracking clients: what is accepted and what it becomes (docs/wire/tracking.md 1.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from hub.contract.base64_text import decode_picture_text
from hub.contract.errors import ContractError
from hub.contract.text import clean

MAX_EMBEDDING = 64 * 1024  # characters
MAX_DISTANCE = 2.0  # of two vectors of length 1, times a scale of at most 1
DEFAULT_FPS = 10.0
DEFAULT_SOURCE = 0
NOT_DECODED = "Failed to decode frame"


@dataclass(frozen=True)
class Wanted:
    """Who is looked for. `max_distance` None: the hub's setting.

    `others` and `crops` are extensions: also the persons that do not match, and a small JPEG of each match.
    """

    embedding: str = field(repr=False)
    max_distance: float | None = None
    others: bool = False
    crops: bool = False


@dataclass(frozen=True)
class StartTracking:
    """Follow a video source; `source` is what the client sent, of any type."""

    wanted: Wanted
    source: Any
    fps: float


@dataclass(frozen=True)
class SingleFrame:
    """Analyse one picture, `frame` as encoded by the client."""

    wanted: Wanted
    frame: bytes = field(repr=False)


@dataclass(frozen=True)
class StopTracking:
    """Follow the source no longer."""


@dataclass(frozen=True)
class Ping:
    """Answer with a pong."""


Message = StartTracking | SingleFrame | StopTracking | Ping


def parse_message(data: dict[str, Any], max_fps: float) -> Message:
    """A client's message. Raises ContractError with a sentence for the client."""
    kind = data.get("type")
    if kind == "single_frame":
        return _single_frame(data)
    if kind == "start_tracking":
        return StartTracking(_wanted(data), data.get("video_source", DEFAULT_SOURCE), _fps(data, max_fps))
    if kind == "stop_tracking":
        return StopTracking()
    if kind == "ping":
        return Ping()
    raise ContractError(f"Unknown message type: {_shown(kind)}")


def _single_frame(data: dict[str, Any]) -> SingleFrame:
    text = data.get("frame")
    if text is None:
        raise ContractError("'frame' is missing: the picture as base64 of a JPEG or PNG.")
    if not isinstance(text, str):
        raise ContractError("'frame' is a text: the picture as base64 of a JPEG or PNG.")
    wanted = _wanted(data)
    frame = decode_picture_text(text)
    if not frame:
        raise ContractError(f"{NOT_DECODED}: it is not base64 of a picture.")
    return SingleFrame(wanted, frame)


def _wanted(data: dict[str, Any]) -> Wanted:
    embedding = data.get("person_embed")
    if embedding is None:
        raise ContractError("'person_embed' is missing: the embedding that POST /upload-embedding answered.")
    return Wanted(
        embedding_text(embedding, "person_embed"),
        max_distance(data.get("max_distance")),
        data.get("others") is True,
        data.get("crops") is True,
    )


def embedding_text(value: Any, key: str) -> str:
    """An embedding as a client holds it. Raises ContractError."""
    if not isinstance(value, str) or not value.strip():
        raise ContractError(f"'{key}' is a text: the embedding that POST /upload-embedding answered.")
    if len(value) > MAX_EMBEDDING:
        raise ContractError(f"'{key}' is too long for an embedding of this hub.")
    return value.strip()


def max_distance(value: Any) -> float | None:
    """The distance up to which a person matches; None where the client asks for none. Raises ContractError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MAX_DISTANCE:
        raise ContractError(f"max_distance is a number over 0 and at most {MAX_DISTANCE:g}.")
    return float(value)


def _fps(data: dict[str, Any], most: float) -> float:
    value = data.get("fps_limit", DEFAULT_FPS)
    if value is None:
        value = DEFAULT_FPS
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise ContractError(
            f"fps_limit is a number of pictures a second, over 0 (more than {most:g} count as {most:g}); "
            f"it was {_shown(value)}."
        )
    return float(min(value, most))


def _shown(value: Any) -> str:
    """A client's value in a sentence, cut."""
    return clean(value)[:80] if isinstance(value, (str, int, float)) or value is None else type(value).__name__
