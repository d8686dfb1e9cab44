"""Settings of limits on what comes from outside."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Limits(Section):
    """Limits on what comes from outside."""

    max_body_mb: int = Field(
        64,
        ge=1,
        le=512,
        description=(
            "Largest HTTP body and largest Socket.IO message, in MB; raw WebSockets have limits of their own "
            "(max_message_mb of lpr, results and apriltag)."
        ),
    )
    max_picture_mb: int = Field(16, ge=1, le=128, description="Largest single picture, in MB.")
    max_connections: int = Field(2000, ge=10, le=20_000, description="Open connections, all ports together.")
    shutdown_seconds: float = Field(
        5.0, ge=0.5, le=60, description="How long requests in flight may take to finish when the hub stops."
    )
