"""Links to stored pictures, made for the host name by which each reader knows the hub."""

from __future__ import annotations

import re
from functools import lru_cache

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")
LOOPBACK = "127.0.0.1"


@lru_cache(maxsize=4096)
def host_name(header: str | None) -> str:
    """The host name of a Host header without its port; 127.0.0.1 where it is missing or malformed."""
    text = (header or "").strip()
    name = text[: text.find("]") + 1] if text.startswith("[") else text.partition(":")[0]
    return name if HOST.fullmatch(name) else LOOPBACK


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
