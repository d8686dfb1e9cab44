"""Settings of live pictures."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Video(Section):
    """Live pictures of cameras and boards."""

    max_frame_mb: int = Field(8, ge=1, le=64, description="Largest picture of a live camera, in MB.")
    max_megapixels: int = Field(
        50, ge=1, le=200, description="Largest picture of a live camera, in millions of pixels; more gets 413."
    )
    max_cameras: int = Field(
        64,
        ge=1,
        le=1000,
        description=(
            "Cameras whose newest picture is kept; one more is refused until another was silent for "
            "video.forget_seconds."
        ),
    )
    forget_seconds: float = Field(
        600.0,
        ge=1,
        le=86_400,
        description="A camera silent for this long makes room for a new one when video.max_cameras are known.",
    )
    max_viewers: int = Field(
        500, ge=1, le=10_000, description="Viewers of live pictures, streams and WebSockets together."
    )
    stall_seconds: float = Field(
        3.0,
        ge=0.5,
        le=60,
        description=(
            "A viewer that does not take a picture within this time is disconnected; the page connects again by itself."
        ),
    )
    target_interval_ms: int = Field(
        0,
        ge=0,
        le=10_000,
        description=(
            "Milliseconds between two pictures that cameras are meant to keep; 0 takes each camera's usual interval "
            "as its target."
        ),
    )
