"""Settings of the database."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from hub.settings.base import Section


class Store(Section):
    """The database."""

    url: str = Field(
        "",
        max_length=1000,
        repr=False,
        description=(
            "PostgreSQL database for records and pictures (postgresql://USER:PASSWORD@HOST/DATABASE); empty: SQLite in "
            "the instance folder. docs/postgresql.md says how to move."
        ),
    )
    synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL", description="FULL: an answered record survives a power cut; NORMAL: faster, may lose the last moment."
    )
    queue: int = Field(
        2000,
        ge=10,
        le=100_000,
        description="Records waiting to be written; beyond this senders are asked to come again (503).",
    )
    warn_free_mb: int = Field(
        500,
        ge=0,
        le=1_000_000,
        description="Megabytes of free space below which the status page warns; 0: only when the disk is full.",
    )
    reserve_mb: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description=(
            "Megabytes of free space that are kept for the database itself: below it records are refused with 503 "
            "until there is room, while logins, changes and deletions still work. 0: until the disk is full."
        ),
    )
    search_seconds: float = Field(
        5.0,
        ge=0.1,
        le=600,
        description="A search that has to read many records is stopped after this long (503), so that others go on.",
    )

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("is the address of a PostgreSQL database, postgresql://USER:PASSWORD@HOST/DATABASE")
        return value
