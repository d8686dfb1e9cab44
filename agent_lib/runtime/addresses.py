"""Validate, complete and redact network addresses that operators type."""

from __future__ import annotations

import re
import sys
from urllib.parse import urlsplit

_SECRET_IN_URL = re.compile(
    r"(?i)(?<![a-z])(password|passwd|pwd|psw|pass|token|auth|secret|api[_-]?key|key|code)=([^&_;/\s]+)"
)


def redact(url: str) -> str:
    """`url` without user name and password, for messages and logs. A file path is returned unchanged."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, tail = rest.partition("/")
    if "@" in rest:
        # A password may contain a bare "/" or "@": drop everything before the last "@" of authority and path.
        place, slash, tail = rest.rpartition("@")[2].partition("/")
    return _SECRET_IN_URL.sub(r"\1=***", f"{scheme}://{place}{slash}{tail}")


def hub_address(value: str) -> str:
    """Normalise a hub address to http(s)://host:port without a trailing slash.

    Raises ValueError whose text completes a sentence that begins with the setting.
    """
    if not value:
        return ""
    if value.startswith(("ws://", "wss://")):
        raise ValueError(
            "is a WebSocket address; write the hub's page address, such as http://192.168.1.10:5000, or use "
            "websocket_url"
        )
    text = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("must look like http://192.168.1.10:5000") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must look like http://192.168.1.10:5000")
    if "://" not in value and port is None:
        text = f"{text.rstrip('/')}:5000"
    return without_localhost(text.rstrip("/"))


def without_localhost(url: str, platform: str = sys.platform) -> str:
    """Replace `localhost` by 127.0.0.1 on Windows, which tries IPv6 first and loses two seconds per connection.

    Secure addresses are left alone: their certificate is for the name.
    """
    if platform == "win32" and re.match(r"(http|ws)://localhost([:/]|$)", url):
        return url.replace("localhost", "127.0.0.1", 1)
    return url


def plain_host(value: str, other: str) -> str:
    """Check that `value` is a bare host name or address; `other` names the setting for full ones. Raises ValueError."""
    if "://" in value or "/" in value or "@" in value:
        raise ValueError(
            "must be a bare address such as 192.168.1.3" + (f"; write a full address as {other}" if other else "")
        )
    if re.search(r"\s", value):
        raise ValueError("must not hold spaces")
    if re.fullmatch(r"[^:]+:\d+", value):
        raise ValueError("must be without the port; write that as port")
    return value
