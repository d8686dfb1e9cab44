"""Settings of what is live between hubs."""

from __future__ import annotations

from pydantic import Field, field_validator

from hub.settings.base import Section

SCHEMES = ("redis://", "rediss://", "unix://")


class Live(Section):
    """What hubs on one database tell each other at once."""

    url: str = Field(
        "",
        max_length=1000,
        repr=False,
        description=(
            "Redis through which several hubs on one database pass on what is live (redis://:PASSWORD@HOST:6379/0, "
            "rediss:// for TLS); empty: this hub is alone. docs/live.md says what passes."
        ),
    )
    prefix: str = Field(
        "gatehouse",
        min_length=1,
        max_length=60,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="How the names of channels and keys in Redis begin; the same at all hubs of one database.",
    )
    queue_mb: int = Field(
        16,
        ge=1,
        le=1024,
        description="Megabytes that may wait to be sent to Redis; beyond this the oldest are left out and counted.",
    )

    @field_validator("url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if value and not value.startswith(SCHEMES):
            raise ValueError("is the address of a Redis server, redis://:PASSWORD@HOST:6379/0")
        return value
