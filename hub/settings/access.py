"""Settings of access."""

from __future__ import annotations

import ipaddress

from pydantic import Field, field_validator

from hub.settings.base import Section


class Access(Section):
    """Who is served, besides devices with a token, admitted devices and people who log in."""

    allowed_origins: list[str] = Field(
        [],
        description=(
            "Web pages of other hosts that may use this hub from a browser, e.g. https://game.example; pages of this "
            "machine always may."
        ),
    )
    local_admin: bool = Field(
        True,
        description=(
            "Programs and browsers of the hub's own machine may do everything without logging in; false: people log in "
            "there too."
        ),
    )
    hostnames: list[str] = Field(
        [],
        max_length=100,
        description=(
            "Names by which devices of trusted networks call the hub, e.g. hub.site.example; addresses always count."
        ),
    )
    trusted_proxy: str = Field(
        "",
        max_length=60,
        description=(
            "Address of the one proxy whose X-Forwarded-For is believed, and the PROXY header of its datagrams, e.g. "
            "127.0.0.1; empty: none, requests through proxies need a token or an account."
        ),
    )

    @field_validator("trusted_proxy")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value:
            try:
                ipaddress.ip_address(value)
            except ValueError as error:
                raise ValueError("is no address such as 192.168.1.2") from error
        return value
