"""Settings of how long captures and detections are kept, and of the disk space that all data may take."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section

GB = 1_000_000_000


class Retention(Section):
    """How long records are kept. Protected captures and detections are never deleted."""

    capture_days: int = Field(
        0, ge=0, le=36_500, description="Captures and their pictures are deleted after this many days; 0: never."
    )
    detection_days: int = Field(
        0, ge=0, le=36_500, description="Detections and their pictures are deleted after this many days; 0: never."
    )
    visit_days: int = Field(
        365, ge=0, le=36_500, description="Visits are deleted after this many days; their records are not. 0: never."
    )
    max_gb: float = Field(
        0.0,
        ge=0,
        le=1_000_000,
        description=(
            "Disk space that database and pictures together may take, in GB; beyond it the oldest captures, "
            "detections, health reports, readings and matches are deleted, whatever their days. 0: no limit."
        ),
    )

    @property
    def max_bytes(self) -> int:
        """The disk budget; 0 for none."""
        return int(self.max_gb * GB)
