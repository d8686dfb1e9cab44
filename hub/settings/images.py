"""Settings of stored pictures and of the links to them."""

from __future__ import annotations

from pydantic import Field, field_validator

from hub.settings.base import Section


class Images(Section):
    """Stored pictures and the links to them."""

    port: int = Field(
        3000,
        ge=0,
        le=65535,
        description="Port that picture links point to; 0 turns it off and links point to the main port.",
    )
    base_url: str = Field(
        "",
        max_length=200,
        description=(
            "Start of every picture link, e.g. http://192.168.1.100:3000; empty: the host name that the reader of "
            "the link used. The environment's IMAGE_SERVER_URL stands in for it."
        ),
    )
    max_megapixels: int = Field(
        50, ge=1, le=200, description="A picture with more pixels than this (in millions) is kept but not shown."
    )
    max_scans: int = Field(
        100,
        ge=10,
        le=10_000,
        description="A JPEG with more scans than this is kept but not shown; ordinary progressive ones have ten.",
    )
    max_decode_mb: int = Field(
        256,
        ge=32,
        le=4096,
        description="A picture that takes more memory than this to decode, in MB, is kept but not shown.",
    )

    thumbnails_mb: int = Field(
        500,
        ge=10,
        le=100_000,
        description="Small versions of pictures for lists are kept in the folder thumbnails, up to so many MB.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")
