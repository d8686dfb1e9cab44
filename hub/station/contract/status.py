"""What a station's agent says of itself every few seconds: reader, cameras, outbox."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.station.contract.capture import MAX_STATION

MAX_CAMERAS = 16
MAX_SHELF = 20
MAX_THREADS = 50


def _text(limit: int) -> Any:
    return Annotated[str, BeforeValidator(lambda value: clean("" if value is None else value)[:limit])]


Short = _text(100)
Sentence = _text(500)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class DeviceStatus(_Part):
    """A reader or a camera: `state` is one word, `message` a sentence for people."""

    role: Short = ""
    state: Short = ""
    address: Sentence = ""
    message: Sentence = ""
    error: Sentence = ""
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    last_tag_ts: float | None = None
    last_frame_ts: float | None = None


class Shelved(_Part):
    """A result that the hub refused for good."""

    event_id: Short = ""
    tag: Short = ""
    reason: Sentence = ""


class OutboxStatus(_Part):
    waiting: int = 0
    shelved: int = 0
    shelf: Annotated[
        list[Shelved], BeforeValidator(lambda value: value[:MAX_SHELF] if isinstance(value, list) else [])
    ] = Field(default_factory=list)


class ThreadStatus(_Part):
    """One of the agent's threads: how often it broke down and was started again, and why."""

    alive: bool = True
    restarts: int = 0
    error: Sentence = ""


def _some_threads(value: Any) -> Any:
    return dict(list(value.items())[:MAX_THREADS]) if isinstance(value, dict) else {}


class StationStatus(_Part):
    """One station of one agent."""

    station: Annotated[Short, Field(min_length=1, max_length=MAX_STATION)]
    kind: Short = "weighbridge"
    simulated: bool = False
    state: Short = ""
    message: Sentence = ""
    reader: DeviceStatus | None = None
    cameras: Annotated[
        list[DeviceStatus], BeforeValidator(lambda value: value[:MAX_CAMERAS] if isinstance(value, list) else [])
    ] = Field(default_factory=list)
    outbox: OutboxStatus = OutboxStatus()
    threads: Annotated[dict[Short, ThreadStatus], BeforeValidator(_some_threads)] = Field(default_factory=dict)
    uplink: Short = ""
    captures: int = 0
    sent_at: float | None = None


def parse_status(data: dict[str, Any]) -> StationStatus:
    """Raises ContractError (400) with each field that cannot be read."""
    try:
        return StationStatus.model_validate(data)
    except ValidationError as error:
        rows = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()[:20]]
        raise ContractError("The station's status cannot be read.", rows) from error
