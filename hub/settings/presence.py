"""Settings of vehicle presence: cameras that are watched for a vehicle, and the limit of all of them together."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from hub.settings.base import Section
from hub.settings.tables import Name


class VehicleWatch(Section):
    """A camera whose newest pictures are examined for a vehicle that is there. One block for each camera."""

    camera: Name = Field(
        min_length=1,
        max_length=100,
        description="The camera's id: the name its pictures are posted under, as /api/frames lists it.",
        examples=["gate-1"],
    )
    enabled: bool = Field(True, description="false: do not watch this camera.")
    per_second: float = Field(
        2.0, ge=0.1, le=30, description="Pictures examined in a second, at most; always the newest."
    )
    min_confidence: float = Field(
        0.3, gt=0, lt=1, description="Vehicles that the detector is less sure of are left out (0 to 1)."
    )
    region: list[float] = Field(
        [],
        description=(
            "Only vehicles whose centre lies in this part of the picture count: left, top, right and bottom edge as "
            "fractions of its width and height (0 to 1); empty: the whole picture."
        ),
        examples=[[0.0, 0.2, 1.0, 1.0]],
    )
    min_size: float = Field(
        0.08,
        ge=0,
        le=1,
        description="Vehicles that are narrower than this fraction of the picture's width are left out.",
    )
    arrive_pictures: int = Field(
        3,
        ge=1,
        le=20,
        description=(
            "Pictures with a vehicle, out of the last 2 x this - 1, that make it present; and pictures in a row "
            "without one, at least, that make it absent."
        ),
    )
    leave_seconds: float = Field(
        5.0, ge=0, le=3600, description="A vehicle has left when the pictures showed none for this long."
    )
    unknown_seconds: float = Field(
        15.0,
        ge=1,
        le=3600,
        description="Without an examined picture for this long it is unknown whether a vehicle is there.",
    )
    end_seconds: float = Field(
        300.0,
        ge=1,
        le=86_400,
        description="Without an examined picture for this long a vehicle that was there is reported as gone.",
    )

    @field_validator("region")
    @classmethod
    def _is_a_part_of_the_picture(cls, value: list[float]) -> list[float]:
        if value and (len(value) != 4 or not (0 <= value[0] < value[2] <= 1 and 0 <= value[1] < value[3] <= 1)):
            raise ValueError("has four numbers from 0 to 1: left, top, right, bottom; or none")
        return value

    @model_validator(mode="after")
    def _is_known_between_pictures(self) -> VehicleWatch:
        if self.unknown_seconds < 1 / self.per_second:
            raise ValueError(f"unknown_seconds of the camera {self.camera} is shorter than 1 / per_second; raise it")
        return self


class Presence(Section):
    """Vehicles that are in front of cameras of the hub; the cameras are named in tables [[vehicles]]."""

    per_second: float = Field(
        10.0,
        ge=0.1,
        le=200,
        description="Pictures of all watched cameras together that are examined for vehicles in a second, at most.",
    )
    max_events: int = Field(
        200, ge=1, le=10_000, description="Newest arrivals and departures that /api/presence keeps, in memory."
    )
