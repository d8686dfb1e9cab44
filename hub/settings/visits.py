"""Settings of visits: how evidence of stations and cameras is joined."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Visits(Section):
    """Visits: what stations and cameras of a checkpoint saw of one vehicle, joined and judged."""

    enabled: bool = Field(True, description="Join captures and detections to visits; false: nothing is joined.")
    join_seconds: float = Field(
        30.0,
        ge=1,
        le=600,
        description="Evidence of one visit may be this far apart where it does not name the same vehicle.",
    )
    standing_minutes: float = Field(
        15.0,
        ge=1,
        le=1440,
        description="A vehicle that is seen again within this time has not left, unless another came in between.",
    )
    settle_seconds: float = Field(
        10.0,
        ge=0,
        le=300,
        description=(
            "A mismatch is an alarm when it has lasted for this long: where vehicles follow each other closely, "
            "evidence may be taken for that of the one before until the rest of it arrives."
        ),
    )
    net_hours: float = Field(
        24.0,
        ge=0.1,
        le=720,
        description="Two weighings of a vehicle within this time are gross and tare, and make a net weight.",
    )
