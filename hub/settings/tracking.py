"""Settings of person tracking."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from hub.settings.base import Section
from hub.settings.tables import Name, require_different, require_tables

MEGABYTE = 1024 * 1024


class TrackingSource(Section):
    """A video that clients may follow by its name (`video_source`). One block for each."""

    name: Name = Field(
        min_length=1, max_length=100, description="The name that clients give as video_source.", examples=["yard"]
    )
    url: str = Field(
        min_length=1,
        max_length=2000,
        description="Address of a network camera, path of a video file, or the number of a camera of this machine.",
        examples=["rtsp://192.168.1.20/stream1"],
    )


class Tracking(Section):
    """Person tracking: embeddings of persons, and WebSockets that find them in pictures."""

    max_distance: float = Field(
        0.38,
        gt=0,
        le=2,
        description="A person counts as found up to this distance, where the client asks for no other.",
    )
    max_sessions: int = Field(64, ge=1, le=1000, description="Open tracking sessions; one more is refused with 503.")
    sessions_per_address: int = Field(
        32, ge=1, le=1000, description="Open tracking sessions of one address of another machine."
    )
    connects_per_second: int = Field(
        50, ge=1, le=1000, description="Sessions that one address may open in a second; more are refused with 429."
    )
    max_message_mb: int = Field(
        16, ge=1, le=64, description="Largest message of a tracking client, a frame in base64 included, in MB."
    )
    max_megapixels: int = Field(25, ge=1, le=50, description="Largest frame or photo, in millions of pixels.")
    frames_per_second: int = Field(
        120, ge=1, le=1000, description="Frames that one session may send in a second; more are skipped."
    )
    max_fps: float = Field(
        30.0, ge=1, le=120, description="Most pictures of a video source that are analysed in a second (fps_limit)."
    )
    max_sources: int = Field(
        8, ge=1, le=64, description="Video sources open at once; the same one for several sessions counts once."
    )
    open_seconds: float = Field(
        1.5, ge=0.2, le=60, description="A video source that is not open after this long is given up."
    )
    memory_mb: int = Field(
        64, ge=16, le=4096, description="Frames that wait to be analysed, all sessions together, in MB."
    )
    idle_seconds: float = Field(
        300.0, ge=1, le=86_400, description="The process that analyses pictures ends after this long without any."
    )
    videos: str = Field(
        "",
        max_length=1000,
        description="Folder of recorded videos for searches; empty: the folder `videos` in the instance folder.",
    )
    search_wait_seconds: float = Field(
        8.0, ge=0, le=60, description="A search in a video that takes no longer is answered at once, others by a job."
    )
    max_searches: int = Field(20, ge=1, le=1000, description="Searches in videos that may wait for their turn.")
    keep_matches: bool = Field(
        False,
        description=(
            "Store every match with its time, camera, distance and a small picture. This is personal data: turn it on "
            "only where the law allows it."
        ),
    )
    keep_days: int = Field(30, ge=1, le=3650, description="Stored matches are deleted after this many days.")
    sources: list[TrackingSource] = Field(
        [], max_length=64, description="Videos that clients may follow by name, besides cameras of the hub."
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _are_tables(cls, value: Any) -> Any:
        return require_tables(value, "tracking.sources")

    @field_validator("sources")
    @classmethod
    def _are_different(cls, value: list[TrackingSource]) -> list[TrackingSource]:
        require_different((one.name for one in value), "name")
        return value

    @property
    def memory_bytes(self) -> int:
        """The budget of waiting frames; the largest message must fit into it."""
        return max(self.memory_mb, 2 * self.max_message_mb) * MEGABYTE
