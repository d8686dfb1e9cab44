"""Links to stored pictures, made for the host name by which each reader knows the hub."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"


class Links:
    """URLs of pictures: the setting's base, or `http://HOST:PORT/images/NAME` with the port of the images listener."""

    def __init__(self, base_url: str = "") -> None:
        self._base = base_url
        self.port = 0

    def picture(self, name: str, host: str) -> str:
        """The URL of a stored picture; a sender's own URL as it is; "" when there is none."""
        if not name or name.startswith(("http://", "https://")):
            return name
        if self._base:
            return f"{self._base}/images/{name}"
        return f"http://{host}:{self.port}/images/{name}"
