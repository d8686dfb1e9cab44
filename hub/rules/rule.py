"""A rule: when something happens, who is told and how. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hub.contract.errors import ContractError
from hub.contract.mail_address import ADDRESS
from hub.contract.text import clean, place_key
from hub.contract.vehicles import PERMISSIONS
from hub.contract.visits import STATES
from hub.rules.times import Times

MAX_ADDRESSES = 20


class Kind(StrEnum):
    """What a rule is about."""

    VISIT = "visit"
    WATCHLIST_HIT = "watchlist_hit"
    CAPTURE_FAILED = "capture_failed"
    CAPTURE = "capture"
    DETECTION = "detection"
    DEVICE_OFFLINE = "device_offline"
    CAMERA_SILENT = "camera_silent"
    STATION_SILENT = "station_silent"


SILENT = (Kind.CAMERA_SILENT, Kind.STATION_SILENT)


@dataclass(frozen=True)
class Happening:
    """Something that has happened. `subject`: what it is about, such as a plate or a camera; `at` in epoch seconds.

    `checkpoint`: what the device or the visit says. `device_kind`: as labels of devices have it, "" for a visit.
    `key`: the record that it is, the same after a restart; "" for what is no record.
    """

    kind: Kind
    subject: str
    sentence: str
    at: float
    checkpoint: str = ""
    device: str = ""
    device_kind: str = ""
    state: str = ""
    vehicle: str = ""
    permission: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    silent_since: float | None = None
    key: str = ""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class When(_Part):
    """What has to happen: "" or an empty list is any."""

    kind: Kind
    states: list[str] = Field(default_factory=list, max_length=len(STATES))
    checkpoint: str = Field("", max_length=200)
    device: str = Field("", max_length=300)
    permission: str = ""
    vehicle: str = Field("", max_length=80)
    minutes: float = Field(30.0, ge=1, le=100_000)
    times: list[Times] = Field(default_factory=list, max_length=20)

    @field_validator("states")
    @classmethod
    def _are_states(cls, value: list[str]) -> list[str]:
        if any(state not in STATES for state in value):
            raise ValueError(f"states are {', '.join(STATES)}")
        return value

    @field_validator("permission")
    @classmethod
    def _is_a_permission(cls, value: str) -> str:
        if value and value not in PERMISSIONS:
            raise ValueError(f"permission is {', '.join(PERMISSIONS)}, or empty")
        return value

    @field_validator("checkpoint", "device", mode="after")
    @classmethod
    def _is_clean(cls, value: str) -> str:
        return clean(value)

    def matches(self, happening: Happening, label: str = "") -> bool:
        """Whether a happening is meant, whatever the time. `label`: the checkpoint that operators gave its device."""
        return (
            happening.kind is self.kind
            and (not self.states or happening.state in self.states)
            and (not self.checkpoint or place_key(self.checkpoint) in map(place_key, (happening.checkpoint, label)))
            and self.device in ("", happening.device)
            and self.permission in ("", happening.permission)
            and self.vehicle in ("", happening.vehicle)
        )


class Then(_Part):
    """Who is told: `banner` is on every page, with a sound."""

    banner: bool = True
    webhook: bool = False
    mqtt: bool = False
    mail: list[str] = Field(default_factory=list, max_length=MAX_ADDRESSES)

    @field_validator("mail")
    @classmethod
    def _are_addresses(cls, value: list[str]) -> list[str]:
        for address in value:
            if not ADDRESS.fullmatch(address):
                raise ValueError(f"{address[:80]!r} is no address such as gate@example.com")
        return value


class Rule(_Part):
    """A rule. `quiet`: times when only the history is written, and mail is sent if `quiet_mail`.

    `pause_minutes`: of the same subject, before somebody is told again.
    """

    id: str = Field(max_length=80)
    name: str = Field(min_length=1, max_length=100)
    enabled: bool = True
    version: int = 1
    when: When
    then: Then = Then()
    quiet: list[Times] = Field(default_factory=list, max_length=20)
    quiet_mail: bool = False
    pause_minutes: float = Field(5.0, ge=0, le=100_000)

    @field_validator("name", mode="before")
    @classmethod
    def _is_named(cls, value: Any) -> Any:
        return " ".join(clean(value).split()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _tells_somebody(self) -> Rule:
        if not (self.then.banner or self.then.webhook or self.then.mqtt or self.then.mail):
            raise ValueError("then tells nobody: choose banner, webhook, mqtt or mail")
        return self

    def shown(self) -> dict[str, Any]:
        """The rule as the API and pages show it."""
        return self.model_dump(mode="json")


def read_rule(data: dict[str, Any]) -> Rule:
    """A rule out of a client's object. Raises ContractError that names each invalid field."""
    try:
        return Rule.model_validate(data)
    except ValidationError as error:
        errors = [
            ": ".join(filter(None, (".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, "))))
            for item in error.errors()[:20]
        ]
        raise ContractError("The rule cannot be taken: " + "; ".join(errors) + ".", errors) from None


WORKING = [{"days": [0, 1, 2, 3, 4, 5], "begin": "06:00", "end": "20:00"}]
DEFAULTS = tuple(
    Rule.model_validate(each)
    for each in (
        {
            "id": "camera-silent",
            "name": "A camera has gone silent",
            "when": {"kind": "camera_silent", "minutes": 30, "times": WORKING},
        },
        {
            "id": "station-silent",
            "name": "A station has not captured",
            "when": {"kind": "station_silent", "minutes": 120, "times": WORKING},
        },
    )
)
"""Rules that are there from the start; they can be changed and switched off, and never be deleted."""
