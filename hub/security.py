"""Who is served: this machine alone, until the operator lets others in; and which web pages may use the hub.

A gate in front of everything (REST, Socket.IO, raw WebSocket, pages), so that no door can forget it.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from .contract.errors import error_body
from .contract.json_text import encode
from .links import host_name

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
LOCAL_ORIGINS = ("file://",)


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """127.0.0.0/8, ::1 and 127.0.0.0/8 written as IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """A host name or address by which this machine knows itself (a foreign name that resolves to it is none)."""
    return name.lower() in ("localhost", "", socket.gethostname().lower()) or name.lower().endswith(".localhost") or is_loopback(name.strip("[]"))


class Gate:
    """WSGI middleware: refuses with 403 and a sentence what may not come in."""

    def __init__(self, app: WSGI, allowed_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = {origin.rstrip("/").lower() for origin in allowed_origins}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reason = self.refusal(environ)
        if reason is None:
            return self._app(environ, start_response)
        log.warning("Refused %s %s from %s: %s", environ.get("REQUEST_METHOD"), str(environ.get("PATH_INFO"))[:100], environ.get("REMOTE_ADDR"), reason)
        body = encode(error_body(reason))
        start_response("403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")])
        return [body]

    def refusal(self, environ: dict[str, Any]) -> str | None:
        """Why this request is refused, as a sentence; None when it may come in."""
        if not is_loopback(environ.get("REMOTE_ADDR", "")) or any(name in environ for name in FORWARDED):
            return "This hub serves only programs on its own machine for now; use it at http://127.0.0.1 there."
        if not is_local_name(host_name(environ.get("HTTP_HOST"))):
            return "This hub is reached as localhost or 127.0.0.1 on its own machine; the host name of this request is another."
        if not self._origin_allowed(environ.get("HTTP_ORIGIN", "")):
            return "Web pages of other hosts may not use this hub; name the page's origin in access.allowed_origins of hub.toml to allow it."
        return None

    def _origin_allowed(self, origin: str) -> bool:
        if not origin or origin.lower() in LOCAL_ORIGINS or origin.rstrip("/").lower() in self._origins:
            return True
        try:
            return is_local_name(urlsplit(origin).hostname or "?")
        except ValueError:
            return False
