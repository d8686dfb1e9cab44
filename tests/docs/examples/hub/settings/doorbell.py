"""Settings of doorbells."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Doorbell(Section):
    """Doorbells."""

    listed: int = Field(50, ge=1, le=1000, description="Rings that a list shows unless the request gives a limit.")
