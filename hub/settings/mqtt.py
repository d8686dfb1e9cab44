"""Settings of the messages to an MQTT broker."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hub.settings.base import Section

What = Literal["captures", "detections", "presence", "states", "alerts", "visits"]


class Mqtt(Section):
    """An MQTT broker that is told of captures, detections, presence, states, alerts and visits."""

    host: str = Field("", max_length=253, description="Name or address of the broker; empty: no MQTT.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker; with TLS it is mostly 8883.")
    username: str = Field("", max_length=200, description="Name that the hub logs in with; empty: without a login.")
    password: str = Field("", max_length=500, repr=False, description="Password of the login.")
    password_file: str = Field(
        "",
        max_length=500,
        description="File with the password instead, in the instance folder unless the path is absolute.",
    )
    tls: bool = Field(False, description="Connect with TLS.")
    ca: str = Field(
        "",
        max_length=500,
        description=(
            "Certificates (PEM) of the authorities that are trusted for TLS, in the instance folder unless the path is "
            "absolute; empty: those of this machine."
        ),
    )
    client_id: str = Field(
        "",
        max_length=64,
        description="Name of the hub for the broker, different for every hub; empty: made of machine and folder.",
    )
    prefix: str = Field("gatehouse", max_length=100, description="First part of every topic.")
    discovery: bool = Field(True, description="Announce cameras, stations and boards to Home Assistant.")
    discovery_prefix: str = Field(
        "homeassistant", max_length=100, description="First part of the topics where Home Assistant looks for devices."
    )
    publish: list[What] = Field(
        ["captures", "detections", "presence", "states", "alerts", "visits"], description="What is sent, as a list."
    )
    queue: int = Field(
        10_000,
        ge=10,
        le=1_000_000,
        description="Records of each kind kept for a broker that is away; beyond it the oldest are left out.",
    )
    keepalive_seconds: int = Field(
        30, ge=5, le=3600, description="A connection without any message is tested this often."
    )

    @field_validator("prefix", "discovery_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", value):
            raise ValueError(
                "is letters, digits, _ - . and single slashes between them, such as gatehouse or site/gate"
            )
        return value

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.:%-]*", value):
            raise ValueError("is a name or an address alone, such as 192.168.1.2; the port has a setting of its own")
        return value

    @model_validator(mode="after")
    def _has_one_password(self) -> Mqtt:
        if self.password and self.password_file:
            raise ValueError("password and password_file are two passwords; leave one empty")
        return self
