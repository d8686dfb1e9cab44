"""Settings of the models that find persons and vehicles in pictures."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Vision(Section):
    """Models that find persons and vehicles in pictures."""

    min_confidence: float = Field(
        0.43, gt=0, lt=1, description="Persons that the detector is less sure of are left out (0 to 1)."
    )
