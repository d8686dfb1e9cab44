"""Settings of backups."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from hub.settings.base import Section

Hour = Annotated[int, Field(ge=0, le=23)]


class Backup(Section):
    """Backups of database, pictures, settings and secrets, made while the hub runs."""

    folder: str = Field(
        "backups",
        min_length=1,
        max_length=500,
        description=(
            "Folder of the backups, in the instance folder unless the path is absolute; choose one on another disk, "
            "since a disk that fails takes its own backups with it."
        ),
    )
    hours: list[Hour] = Field(
        [],
        max_length=24,
        description="Hours of the day, by this machine's clock, at which a backup is made, e.g. [3]; empty: at none.",
    )
    every_hours: int = Field(
        0, ge=0, le=8760, description="A backup is made when the newest is so many hours old; 0: only at `hours`."
    )
    keep: int = Field(
        7, ge=1, le=1000, description="Backups that the folder keeps; the oldest are deleted after a new one is made."
    )
    mb_per_second: int = Field(
        15,
        ge=0,
        le=10_000,
        description="Megabytes a second that a backup reads, so that records are stored meanwhile; 0: no limit.",
    )

    @field_validator("hours")
    @classmethod
    def _are_different(cls, value: list[int]) -> list[int]:
        return sorted(set(value))
