"""Settings of licence-plate cameras."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Lpr(Section):
    """Licence-plate edge cameras."""

    port: int = Field(8765, ge=0, le=65535, description="Port that licence-plate cameras deliver to; 0 turns it off.")
    offline_seconds: int = Field(
        900,
        ge=60,
        le=86_400,
        description="A camera that was silent for this long is shown as offline; quiet cameras speak every 300 s.",
    )
    health_days: int = Field(30, ge=1, le=3650, description="Health reports are kept for this many days.")
    max_cameras: int = Field(
        10_000,
        ge=1,
        le=100_000,
        description=(
            "Cameras that the hub lists; a new one takes the place of one that sent no detections and was silent "
            "longest. The records of a camera that is not listed are stored all the same."
        ),
    )
    max_components: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Components of one camera whose health is shown; the one that was silent longest gives way.",
    )
    max_message_mb: int = Field(16, ge=1, le=16, description="Largest raw WebSocket message of a camera, in MB.")
