"""Settings of scales."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from hub.contract.line_pattern import MAX_PATTERN, compile_line_pattern
from hub.settings.base import Section
from hub.settings.tables import Name

DEFAULT_PATTERN = (
    r"(?i)(?P<overload>OL).*|(?:(?:(?P<stable>ST)|(?P<moving>US))[\s,]*)?(?:(?:G[SR]?|(?P<net>NT?))[\s,:]*)?"
    r"(?P<weight>(?:[+-]\s*)?\d{1,9}(?:\.\d{1,6})?)[\s,]*(?P<unit>kg|t|lb)?"
)
GROUPS = ("weight", "unit", "stable", "moving", "net", "overload")


class Scale(Section):
    """A weight indicator that is connected over TCP."""

    name: Name = Field(min_length=1, max_length=100, description="Name of the scale.", examples=["weighbridge"])
    checkpoint: str = Field(
        "",
        max_length=100,
        description="Checkpoint that it stands at, or the name of its station where that has none; weights become "
        "evidence of the visits there.",
        examples=["gate"],
    )
    enabled: bool = Field(True, description="false: it is not connected.")
    host: str = Field(
        min_length=1,
        max_length=253,
        description="Name or address of the indicator, or of the serial converter in front of it.",
        examples=["192.168.1.30"],
    )
    port: int = Field(ge=1, le=65535, description="TCP port of the indicator.", examples=[4001])
    pattern: str = Field(
        "",
        max_length=MAX_PATTERN,
        description=(
            "Regular expression for a whole line, with the named groups weight, and unit, stable, moving, net, "
            "overload where lines say so; empty: the usual forms, such as ST,GS,+012340kg (docs/scales.md)."
        ),
    )
    unit: Literal["kg", "t", "lb"] = Field("kg", description="Unit of lines that name none.")
    min_kg: float = Field(200.0, ge=0, le=1_000_000, description="Below this the scale is empty, in kg.")
    steady_kg: float = Field(
        20.0,
        ge=0,
        le=10_000,
        description="Weights this close together are the same weight, in kg.",
    )
    steady_seconds: float = Field(
        2.0,
        ge=0.1,
        le=60,
        description="A weight is settled when it was the same for this long, where lines do not say whether it is.",
    )
    poll_text: str = Field(
        "",
        max_length=64,
        description=(
            r"Command sent every second to an indicator that answers only when asked, such as P\r\n; empty: none."
        ),
    )
    silent_seconds: float = Field(
        10.0,
        ge=0,
        le=86_400,
        description=(
            "An indicator that sends nothing for this long is silent, and connected again; 0: it sends only when "
            "somebody presses its key."
        ),
    )

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.:%-]+", value):
            raise ValueError("is a name or an address alone, such as 192.168.1.30; the port has a key of its own")
        return value

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        if not value:
            return value
        groups = compile_line_pattern(value).groupindex
        if "weight" not in groups:
            raise ValueError("has no group (?P<weight>...)")
        unknown = [name for name in groups if name not in GROUPS]
        if unknown:
            raise ValueError(f"has a group {unknown[0][:40]!r}; groups are {', '.join(GROUPS)}")
        return value

    @field_validator("poll_text")
    @classmethod
    def _is_latin(cls, value: str) -> str:
        if any(ord(sign) > 255 for sign in value):
            raise ValueError("has characters that no indicator knows; use those of Latin-1")
        return value
