"""Settings of the database."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.settings.base import Section


class Store(Section):
    """The database."""

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
