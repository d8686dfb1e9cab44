"""Settings of the log file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.settings.base import Section


class Log(Section):
    """The log file."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    format: Literal["text", "json"] = Field(
        "text", description="text: lines for people; json: an object a line (time, level, logger, message, exception)."
    )
    max_mb: int = Field(10, ge=1, le=1000, description="Size at which hub.log is rotated, in MB.")
    max_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days after which hub.log is rotated whatever its size, and an old file deleted; 0: never.",
    )
    keep: int = Field(5, ge=0, le=1000, description="Old log files that are kept.")
