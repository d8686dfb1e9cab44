"""Settings of AprilTag boards, their games, and detection in the hub."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from hub.settings.base import Section
from hub.settings.networks import require_networks
from hub.settings.tables import Name, require_different, require_tables


class TagDetection(Section):
    """A camera in whose pictures the hub itself looks for AprilTags (36h11). One block for each camera."""

    camera: Name = Field(
        min_length=1,
        max_length=100,
        description=(
            "The camera's id: the name its pictures are posted under, or the address of the board that sends them."
        ),
        examples=["gate-1"],
    )
    enabled: bool = Field(True, description="false: do not look at this camera's pictures.")
    per_second: float = Field(
        10.0, ge=0.1, le=60, description="Pictures looked at in a second, at most; always the newest."
    )
    confirm_pictures: int = Field(
        1,
        ge=1,
        le=10,
        description=(
            "Examined pictures in a row in which a tag must be before it is reported. 2 or more keeps out what looks "
            "like a tag in one picture only; a single picture posted by hand then reports nothing."
        ),
    )
    tag_size_cm: float | None = Field(
        None,
        gt=0,
        le=1000,
        description=(
            "Side of a tag's black square, in centimetres. Without it and the four numbers below tags are reported "
            "without a pose."
        ),
        examples=[10.0],
    )
    fx: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="Focal length of the camera in pixels, across (from a calibration at the size of its pictures).",
        examples=[600.0],
    )
    fy: float | None = Field(None, gt=0, le=100_000, description="The same, down.", examples=[600.0])
    cx: float | None = Field(
        None,
        ge=-100_000,
        le=100_000,
        description="Where the optical axis meets the picture, pixels from the left; mostly half its width.",
        examples=[320.0],
    )
    cy: float | None = Field(
        None, ge=-100_000, le=100_000, description="The same, pixels from the top.", examples=[240.0]
    )
    distortion: list[float] = Field(
        [],
        description=(
            "OpenCV's distortion coefficients (k1, k2, p1, p2, k3 ...), 4, 5, 8, 12 or 14 numbers; empty: none."
        ),
    )

    @property
    def has_pose(self) -> bool:
        """Whether the poses of tags can be computed."""
        return self.tag_size_cm is not None and self.fx is not None

    @field_validator("distortion")
    @classmethod
    def _is_a_model(cls, value: list[float]) -> list[float]:
        if len(value) not in (0, 4, 5, 8, 12, 14) or not all(abs(one) < 1e6 for one in value):
            raise ValueError("has 4, 5, 8, 12 or 14 numbers, or none")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> TagDetection:
        missing = [name for name in ("fx", "fy", "cx", "cy") if getattr(self, name) is None]
        if 0 < len(missing) < 4:
            raise ValueError(
                f"{', '.join(missing)} of the camera {self.camera} is missing: fx, fy, cx and cy belong together"
            )
        return self


class AprilTag(Section):
    """AprilTag boards and their games."""

    port: int = Field(5100, ge=0, le=65535, description="Second port for AprilTag boards and games; 0 turns it off.")
    udp_port: int = Field(5200, ge=0, le=65535, description="UDP port for AprilTag datagrams; 0 turns it off.")
    token: str = Field(
        "",
        repr=False,
        description=(
            "What a board proves itself with, the same text in its firmware; empty: the hub makes one at its first "
            "start, shows it once and keeps it in the file `apriltag_token`."
        ),
    )
    networks: list[str] = Field(
        ["127.0.0.0/8", "::1/128"],
        max_length=100,
        description=(
            "Older name of trusted_networks, which counts for boards and games only; use trusted_networks instead."
        ),
    )
    source_rate: int = Field(
        2000,
        ge=20,
        le=100_000,
        description="Datagrams and pictures without a token that one address may send in a second; more are ignored.",
    )
    alias_fields: bool = Field(
        False,
        description="Give games `distance_cm` too, with the value of `range_cm`, for games made for older cameras.",
    )
    store_per_second: float = Field(
        0.0,
        ge=0,
        le=1000,
        description=(
            "At most this many readings a second of one board and tag are stored; 0 stores every one. The first "
            "reading of a tag always is."
        ),
    )
    reading_days: int = Field(90, ge=1, le=3650, description="Stored readings are kept for this many days.")
    stale_seconds: float = Field(
        30.0,
        ge=1,
        le=86_400,
        description=(
            "A board without a WebSocket that was silent for this long is shown as stale; without a tag in view "
            "silence is normal."
        ),
    )
    session_gap_seconds: float = Field(
        600.0,
        ge=1,
        le=604_800,
        description=(
            "A board without a WebSocket that was silent for this long begins a new session when it is heard again."
        ),
    )
    game_queue: int = Field(
        256,
        ge=1,
        le=10_000,
        description=(
            "Readings kept for a game that reads slowly; one more and only the newest of each board and tag stays."
        ),
    )
    game_stall_seconds: float = Field(
        10.0, ge=1, le=600, description="A game that takes nothing for this long is disconnected."
    )
    max_boards: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Boards that the hub knows; one more takes the place of the one without a socket silent longest.",
    )
    max_tags: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Boards and tags whose newest reading is shown; the one that was seen longest ago gives way.",
    )
    max_message_mb: int = Field(16, ge=1, le=16, description="Largest WebSocket message of a board or game, in MB.")

    detection: list[TagDetection] = Field(
        [], max_length=64, description="Cameras in whose pictures the hub itself looks for tags."
    )

    @field_validator("detection", mode="before")
    @classmethod
    def _are_tables(cls, value: Any) -> Any:
        return require_tables(value, "apriltag.detection")

    @field_validator("detection")
    @classmethod
    def _are_different_cameras(cls, value: list[TagDetection]) -> list[TagDetection]:
        require_different((one.camera for one in value), "camera")
        return value

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        return require_networks(value)
