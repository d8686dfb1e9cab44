"""Settings of alerts and of the webhook that is told of them."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from hub.contract.alerts import AlertKind
from hub.settings.base import Section

KINDS = [kind.value for kind in AlertKind]


class Alerts(Section):
    """What an operator hears of: on the pages, by the webhook, over MQTT."""

    off: list[str] = Field(
        [],
        max_length=50,
        description="Kinds of alerts that are left out, e.g. capture_failed; docs/notifications.md has them all.",
    )
    watchlist: Literal["deny", "all"] = Field(
        "deny", description="deny: only plates to stop are alerts; all: plates to let in, too."
    )
    hold_seconds: float = Field(
        60.0, ge=0, le=86_400, description="A device that is offline for this long, without a break, is an alert."
    )
    steady_seconds: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="An alert about a device ends when it was online for this long, without a break.",
    )
    repeat_seconds: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description=(
            "The same plate at the same camera, or another failed capture of the same station, within this time is "
            "counted and not sent again."
        ),
    )
    days: int = Field(365, ge=1, le=3650, description="Alerts are kept for this many days.")

    @field_validator("off")
    @classmethod
    def _are_kinds(cls, value: list[str]) -> list[str]:
        unknown = [kind for kind in value if kind not in KINDS]
        if unknown:
            raise ValueError(f"{unknown[0][:40]!r} is no kind of alert; the kinds are {', '.join(KINDS)}")
        return value


class Webhook(Section):
    """A program that is told of every alert: signed JSON by POST, again and again until it answers."""

    url: str = Field(
        "",
        max_length=2000,
        repr=False,
        description="Address that alerts are posted to, e.g. https://hooks.example/gatehouse; empty: none.",
    )
    secret: str = Field(
        "",
        max_length=500,
        repr=False,
        description=(
            "Secret of the signature; empty: the hub makes one when a url is set, and keeps it in the file "
            "`webhook_secret`."
        ),
    )
    ca: str = Field(
        "",
        max_length=500,
        description=(
            "Certificates (PEM) of the authorities that are trusted for https, in the instance folder unless the path "
            "is absolute; empty: those of this machine."
        ),
    )
    timeout_seconds: float = Field(10.0, ge=0.5, le=120, description="A request that takes longer is sent again later.")
    queue: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Messages kept for a receiver that is away; beyond it the oldest are left out.",
    )
    max_age_hours: float = Field(
        72.0, ge=0.1, le=8760, description="A message that could not be delivered for this long is left out."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
            raise ValueError("is no address such as https://hooks.example/gatehouse")
        if parts.username is not None or parts.password is not None:
            raise ValueError("has a name or a password in it; the signature proves who sends")
        return value
