"""Settings of the listeners of capture results."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Results(Section):
    """Capture results for everybody who listens."""

    port: int = Field(
        2020,
        ge=0,
        le=65535,
        description="WebSocket port that sends every capture result to whoever connects; 0 turns it off.",
    )
    queue: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Results kept for a listener that reads slowly; one more and it is disconnected.",
    )
    stall_seconds: float = Field(
        30.0, ge=1, le=600, description="A listener that takes nothing for this long is disconnected."
    )
    max_message_mb: int = Field(
        16, ge=1, le=16, description="Largest raw WebSocket message of whoever pushes results, in MB."
    )
