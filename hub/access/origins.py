"""Protection against requests that web pages of others let a logged-in browser send (CSRF).

A browser sends the session cookie whoever wrote the page that asks, so a request that changes something, and the
opening of a WebSocket, count only where they come from a page of this hub or of an origin that the operator allowed.
Browsers name the origin of such a request and pages cannot forge it. `SameSite` at the cookie is the second line: it
does not tell ports of one host apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from urllib.parse import urlsplit

from hub.net.host import request_host
from hub.net.wsgi import Environ

SESSION_COOKIE = "gatehouse_session"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
PORTS = {"http": 80, "https": 443}
FOREIGN = (
    "This request comes from a page that is not of this hub, or names no page. Open the page of the hub again and "
    "repeat it there; a program sends the header Origin with the hub's own address, or a token instead of a session."
)


class OriginCheck:
    """Whether a request comes from a page that may use a session."""

    def __init__(self, allowed_origins: Iterable[str], ports: Callable[[], Collection[int]]) -> None:
        """`ports`: the hub's own TCP ports, once they are open; its pages may use all of them."""
        self._allowed = {origin.rstrip("/").lower() for origin in allowed_origins}
        self._ports = ports

    def csrf_refusal(self, environ: Environ) -> str | None:
        """Why a request with a session cookie is refused (403), as a sentence; None where it is not."""
        if not has_session_cookie(environ):
            return None
        if environ.get("REQUEST_METHOD", "GET") in READING and not _is_websocket(environ):
            return None
        return None if self.is_own(environ) else FOREIGN

    def login_refusal(self, environ: Environ) -> str | None:
        """Why a login is refused: a page of others may not log a browser in. Programs name no origin."""
        named = "HTTP_ORIGIN" in environ or "HTTP_REFERER" in environ
        return FOREIGN if named and not self.is_own(environ) else None

    def is_own(self, environ: Environ) -> bool:
        """Whether `Origin`, or where there is none `Referer`, is of this hub or allowed."""
        origin = environ.get("HTTP_ORIGIN") or _origin_of(environ.get("HTTP_REFERER", ""))
        origin = origin.rstrip("/").lower()
        if origin in self._allowed:
            return True
        try:
            parts = urlsplit(origin)
            port = parts.port or PORTS.get(parts.scheme)
        except ValueError:
            return False
        if parts.scheme not in PORTS or not parts.hostname:
            return False
        # The same text, as a proxy that ends TLS passes it on, or the same name with a port of the hub.
        if parts.netloc == environ.get("HTTP_HOST", "").lower():
            return True
        return parts.hostname == request_host(environ).strip("[]") and port in self._ports()


def has_session_cookie(environ: Environ) -> bool:
    """Whether a request brings a session, valid or not."""
    return f"{SESSION_COOKIE}=" in environ.get("HTTP_COOKIE", "")


def _is_websocket(environ: Environ) -> bool:
    return environ.get("wsgi.websocket") is not None or environ.get("HTTP_UPGRADE", "").lower() == "websocket"


def _origin_of(referer: str) -> str:
    """Scheme, host and port of an address; "" where it has none."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
