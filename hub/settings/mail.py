"""Settings of e-mail, which rules send."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hub.contract.mail_address import ADDRESS
from hub.settings.base import Section


class Mail(Section):
    """A mail server that takes the messages of rules."""

    host: str = Field("", max_length=253, description="Name or address of the mail server; empty: no e-mail.")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0: 587 with starttls, 465 with tls, 25 with none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls or tls: encrypted, with a certificate that is checked; none: in the clear."
    )
    username: str = Field("", max_length=200, description="Name of the login; empty: without a login.")
    password: str = Field("", max_length=500, repr=False, description="Password of the login.")
    password_file: str = Field(
        "",
        max_length=500,
        description="File with the password instead, in the instance folder unless the path is absolute.",
    )
    ca: str = Field(
        "",
        max_length=500,
        description=(
            "Certificates (PEM) of the authorities that are trusted, in the instance folder unless the path is "
            "absolute; empty: those of this machine."
        ),
    )
    sender: str = Field("", max_length=300, description="Address that mails come from, e.g. gate@example.com.")
    timeout_seconds: float = Field(20.0, ge=0.5, le=120, description="A mail that takes longer is sent again later.")
    max_age_hours: float = Field(
        24.0, ge=0.1, le=720, description="A mail that could not be delivered for this long is given up."
    )

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.:%-]*", value):
            raise ValueError("is a name or an address alone, such as mail.example.com; the port has its own setting")
        return value

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not ADDRESS.fullmatch(value):
            raise ValueError("is no address such as gate@example.com")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Mail:
        if self.host and not self.sender:
            raise ValueError("sender is missing: the address that mails come from")
        if self.password and self.password_file:
            raise ValueError("password and password_file are two passwords; leave one empty")
        return self

    @property
    def used_port(self) -> int:
        """The port that is connected to."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]
