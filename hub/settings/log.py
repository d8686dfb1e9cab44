"""Settings of the log file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.settings.base import Section


class Log(Section):
    """The log file."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    max_mb: int = Field(
        10, ge=1, le=1000, description="Size at which hub.log is rotated, in MB; five old files are kept."
    )
