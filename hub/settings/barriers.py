"""Settings of barriers: which relay opens each one, for whom, and how often at most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from hub.settings.base import Section
from hub.settings.tables import Name

PLACEHOLDERS = ("barrier", "checkpoint", "visit", "vehicle", "plate", "tag", "number")
PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
MAX_BARRIERS = 16
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+): ([\x20-\x7e]*)")
_FRAMING = {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"}
_ALLOWED = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


class Barrier(Section):
    """A barrier that the hub may open. One block for each; none is open to the hub until `enabled` is true."""

    name: Name = Field(min_length=1, max_length=60, description="The barrier's name, without /.", examples=["north"])
    checkpoint: str = Field("", max_length=100, description="The checkpoint that it belongs to, as visits show it.")
    direction: Literal["", "in", "out"] = Field(
        "", description="in or out: opens by itself only for visits of this direction; empty: for both."
    )
    enabled: bool = Field(False, description="true: operators may open it.")
    automatic: bool = Field(
        False,
        description=(
            "true: it opens by itself, once for each visit at the checkpoint that is judged ok or that an operator "
            "confirms."
        ),
    )
    kind: Literal["http", "mqtt", "modbus"] = Field(
        "http", description="http: a request; mqtt: a message to the broker of [mqtt]; modbus: a coil by Modbus TCP."
    )
    method: Literal["GET", "POST", "PUT", "PATCH"] = Field("POST", description="http: the method of the request.")
    url: str = Field(
        "",
        max_length=1000,
        repr=False,
        description=f"http: address of the request; it may contain {_ALLOWED} after the host.",
        examples=["http://192.168.1.50/relay/0?turn=on&timer=1"],
    )
    headers: list[str] = Field(
        [], max_length=20, repr=False, description='http: headers, each as "Name: value", with the same placeholders.'
    )
    body: str = Field(
        "", max_length=4000, repr=False, description="http: the body of the request, with the same placeholders."
    )
    username: str = Field("", max_length=200, description="http: name of the Basic login; empty: without a login.")
    password: str = Field("", max_length=500, repr=False, description="http: password of the login.")
    password_file: str = Field(
        "",
        max_length=500,
        description="http: file with the password instead, in the instance folder unless the path is absolute.",
    )
    topic: str = Field("", max_length=300, description="mqtt: topic of the message, with the same placeholders.")
    payload: str = Field("ON", max_length=4000, description="mqtt: the message that opens, with the same placeholders.")
    off_payload: str = Field(
        "", max_length=4000, description="mqtt: the message that ends the pulse; empty: the relay ends it itself."
    )
    host: str = Field("", max_length=253, description="modbus: name or address of the relay.")
    port: int = Field(502, ge=1, le=65535, description="modbus: its port.")
    unit: int = Field(1, ge=0, le=255, description="modbus: unit identifier of the relay.")
    coil: int = Field(0, ge=0, le=65535, description="modbus: address of the coil, counted from 0.")
    value: bool = Field(True, description="modbus: what opens; the pulse ends with the opposite.")
    pulse: bool = Field(True, description="modbus: false: the relay itself ends the pulse.")
    pulse_ms: int = Field(500, ge=50, le=10_000, description="mqtt, modbus: length of a pulse that the hub ends.")
    timeout_seconds: float = Field(
        2.0, ge=0.2, le=10, description="A relay that has not answered for this long has failed; it is not asked again."
    )
    per_minute: int = Field(6, ge=1, le=60, description="Pulses in a minute, at most.")
    max_age_seconds: float = Field(
        20.0,
        ge=1,
        le=300,
        description=(
            "It opens by itself only when the last evidence of the visit, or the decision of the operator, is at most "
            "this old."
        ),
    )
    confirm_seconds: float = Field(
        300.0,
        ge=1,
        le=3600,
        description="A visit that an operator confirms opens it only when its last evidence is at most this old.",
    )

    @field_validator("name")
    @classmethod
    def _has_no_slash(cls, value: str) -> str:
        if "/" in value or "\\" in value or value in (".", ".."):
            raise ValueError("is a name without / and \\, such as north")
        return value

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018 - raises ValueError for one that is no number
        except ValueError as error:
            raise ValueError("is no address such as http://192.168.1.50/open") from error
        good = parts.scheme in ("http", "https") and parts.hostname and value.isascii() and value.isprintable()
        if not good or " " in value or "{" in parts.netloc or "}" in parts.netloc:
            raise ValueError("is no address such as http://192.168.1.50/open; its host has no placeholder")
        if parts.username is not None or parts.password is not None:
            raise ValueError("has a login in it; write it into username and password")
        if parts.fragment:
            raise ValueError("has a part after #, which is never sent")
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: list[str]) -> list[str]:
        for line in value:
            found = _HEADER.fullmatch(line)
            if found is None or len(line) > 1000:
                raise ValueError('has headers as "Name: value", of printable ASCII characters')
            if found[1].lower() in _FRAMING:
                raise ValueError(f"has the header {found[1]}, which the hub writes itself")
        return value

    @field_validator("topic")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        if any(sign in value for sign in "+#\0") or not value.isprintable() or value.startswith("$"):
            raise ValueError("is a topic to publish to, without + and #")
        return value

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.:%-]*", value):
            raise ValueError("is a name or an address alone, such as 192.168.1.50; the port has a setting of its own")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Barrier:
        missing = {"http": ("url", self.url), "mqtt": ("topic", self.topic), "modbus": ("host", self.host)}
        key, value = missing[self.kind]
        if self.enabled and not value:
            raise ValueError(f"{key} of the barrier {self.name} is missing, which the kind {self.kind} needs")
        if self.automatic and not self.checkpoint:
            raise ValueError(f"checkpoint of the barrier {self.name} is missing, which automatic needs")
        if self.password and self.password_file:
            raise ValueError("password and password_file are two passwords; leave one empty")
        for key, text in self._templates():
            for name in PLACEHOLDER.findall(text):
                if name not in PLACEHOLDERS:
                    raise ValueError(f"{key} has the placeholder {{{name}}}; there are {_ALLOWED}")
        return self

    def _templates(self) -> Iterator[tuple[str, str]]:
        for key in ("url", "body", "topic", "payload", "off_payload"):
            yield key, getattr(self, key)
        for line in self.headers:
            yield "headers", line
