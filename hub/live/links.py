"""Links to stored pictures, made for the host name by which each reader knows the hub."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"
ELSEWHERE = ".hub.invalid"
"""How the host name ends that stands for every reader at other hubs, each of which puts in its own."""


class Links:
    """URLs of pictures: the setting's base, or `http://HOST:PORT/images/NAME` with the port of the images listener.

    `tls`: the listeners speak TLS, and links begin with https.
    """

    def __init__(self, base_url: str = "", tls: bool = False) -> None:
        self._base = base_url
        self._scheme = "https" if tls else "http"
        self.port = 0

    def picture(self, name: str, host: str) -> str:
        """The URL of a stored picture; a sender's own URL as it is; "" when there is none."""
        if not name or name.startswith(("http://", "https://")):
            return name
        return f"{host if host.endswith(ELSEWHERE) else self.base(host)}/images/{name}"

    def base(self, host: str) -> str:
        """What the URL of every picture begins with."""
        return self._base or f"{self._scheme}://{host}:{self.port}"
