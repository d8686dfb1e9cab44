"""The status that a station's agent reports every few seconds: reader, cameras, outbox, threads."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.contract.bounds import bounded_record
from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.station.contract.capture import MAX_STATION

MAX_CAMERAS = 16
MAX_SHELF = 20
MAX_THREADS = 50
MAX_NUMBER = 2**53 - 1  # more than that, browsers round


def _cut(limit: int) -> BeforeValidator:
    """A validator that cleans any value to text of at most `limit` characters."""
    return BeforeValidator(lambda value: clean("" if value is None else value)[:limit])


def _first(limit: int) -> BeforeValidator:
    """A validator that cuts a list to `limit` items; whatever is no list becomes an empty one."""
    return BeforeValidator(lambda value: value[:limit] if isinstance(value, list) else [])


def _first_items(limit: int) -> BeforeValidator:
    """The same for an object."""
    return BeforeValidator(lambda value: dict(list(value.items())[:limit]) if isinstance(value, dict) else {})


def _within_64_bits(value: Any) -> Any:
    """The nearest number that JSON and the database hold; anything that is no number stays as it is."""
    return min(max(value, -MAX_NUMBER), MAX_NUMBER) if type(value) in (int, float) else value


def _finite(value: float) -> float | None:
    """A number that JSON holds; None for NaN and Infinity, which a text may spell."""
    return value if math.isfinite(value) else None


# A number may come as a text, which pydantic makes a number of before it is cut again.
Whole = Annotated[int, BeforeValidator(_within_64_bits), AfterValidator(_within_64_bits)]
Number = Annotated[float, AfterValidator(_finite)]
Short = Annotated[str, _cut(100)]
Sentence = Annotated[str, _cut(500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class DeviceStatus(_Part):
    """A reader or a camera: `state` is one word, `message` a sentence for operators."""

    role: Short = ""
    state: Short = ""
    address: Sentence = ""
    message: Sentence = ""
    error: Sentence = ""
    fps: Number | None = None
    width: Whole | None = None
    height: Whole | None = None
    last_tag_ts: Number | None = None
    last_frame_ts: Number | None = None


class Shelved(_Part):
    """A result in the agent's dead-letter queue: the hub rejected it permanently."""

    event_id: Short = ""
    tag: Short = ""
    reason: Sentence = ""


class OutboxStatus(_Part):
    """The agent's outbox: pending results, and the dead-letter queue (`shelf`)."""

    waiting: Whole = 0
    shelved: Whole = 0
    shelf: Annotated[list[Shelved], _first(MAX_SHELF)] = Field(default_factory=list)


class ThreadStatus(_Part):
    """One of the agent's threads: how often it failed and was restarted, and the last error."""

    alive: bool = True
    restarts: Whole = 0
    error: Sentence = ""


class StationStatus(_Part):
    """The status of one station."""

    station: Annotated[Short, Field(min_length=1, max_length=MAX_STATION)]
    kind: Short = "weighbridge"
    simulated: bool = False
    state: Short = ""
    message: Sentence = ""
    reader: DeviceStatus | None = None
    cameras: Annotated[list[DeviceStatus], _first(MAX_CAMERAS)] = Field(default_factory=list)
    outbox: OutboxStatus = OutboxStatus()
    threads: Annotated[dict[Short, ThreadStatus], _first_items(MAX_THREADS)] = Field(default_factory=dict)
    uplink: Short = ""
    captures: Whole = 0
    sent_at: Number | None = None
    version: Short = ""


def parse_status(data: dict[str, Any]) -> StationStatus:
    """Parse a station's status. Raises ContractError (400) that names each invalid field."""
    try:
        return StationStatus.model_validate(bounded_record(data, []))
    except ValidationError as error:
        rows = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()[:20]]
        raise ContractError("The station's status cannot be read.", rows) from error
