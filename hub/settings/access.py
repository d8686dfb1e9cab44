"""Settings of access."""

from __future__ import annotations

from pydantic import Field

from hub.settings.base import Section


class Access(Section):
    """Who is served. Until access control is configured only this machine is."""

    allowed_origins: list[str] = Field(
        [],
        description=(
            "Web pages of other hosts that may use this hub from a browser, e.g. https://game.example; pages of this "
            "machine always may."
        ),
    )
