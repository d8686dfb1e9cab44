"""Who is served: this machine alone, until the operator lets others in; and which web pages may use the hub.

A gate in front of everything (REST, Socket.IO, raw WebSocket, pages), so that no door can forget it. The networks of `apriltag.networks` reach
the addresses of AprilTag boards and games, and nothing else.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from .contract.errors import error_body
from .links import host_name
from .networks import Networks, is_address, is_loopback
from .wsgi import respond

__all__ = ["Gate", "is_local_name", "is_loopback"]

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
LOCAL_ORIGINS = ("file://",)
BOARD_LISTENERS = ("main", "apriltag")
READING_PATHS = ("/apriltag", "/apriltag/")
PICTURE_PATH = "/client_e32__http_post_to_serverhub__smartcam_video_stream"
POLL_PATH = "/client_gdevelop_to_server__smartcam_data_get"
SOCKET_PATHS = ("/", "/websocket")


def board_door(environ: dict[str, Any]) -> str:
    """Which AprilTag door a request is for: reading, picture, poll, socket; "" for every other request."""
    path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
    if environ.get("gatehouse.listener", "main") not in BOARD_LISTENERS:
        return ""
    if environ.get("wsgi.websocket") is not None:
        return "socket" if path in SOCKET_PATHS else ""
    if method == "POST" and path in READING_PATHS:
        return "reading"
    if method == "POST" and path == PICTURE_PATH:
        return "picture"
    return "poll" if method in ("GET", "OPTIONS") and path == POLL_PATH else ""


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """A host name or address by which this machine knows itself (a foreign name that resolves to it is none)."""
    return name.lower() in ("localhost", "", socket.gethostname().lower()) or name.lower().endswith(".localhost") or is_loopback(name.strip("[]"))


OTHERS = "This hub serves only programs on its own machine for now; use it at http://127.0.0.1 there."


class Gate:
    """WSGI middleware: refuses with 403 and a sentence what may not come in."""

    def __init__(self, app: WSGI, allowed_origins: Iterable[str] = (), networks: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = {origin.rstrip("/").lower() for origin in allowed_origins}
        self._networks = Networks(networks)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reason = self.refusal(environ)
        if reason is None:
            return self._app(environ, start_response)
        log.warning("Refused %s %s from %s: %s", environ.get("REQUEST_METHOD"), str(environ.get("PATH_INFO"))[:100], environ.get("REMOTE_ADDR"), reason)
        return respond(start_response, 403, error_body(reason), headers=[("Connection", "close")])

    def refusal(self, environ: dict[str, Any]) -> str | None:
        """Why this request is refused, as a sentence; None when it may come in."""
        if any(name in environ for name in FORWARDED):
            return OTHERS
        if door := board_door(environ):
            return self._refusal_at_board_door(door, environ)
        if not is_loopback(environ.get("REMOTE_ADDR", "")):
            return OTHERS
        if not is_local_name(host_name(environ.get("HTTP_HOST"))):
            return "This hub is reached as localhost or 127.0.0.1 on its own machine; the host name of this request is another."
        if not self._origin_allowed(environ.get("HTTP_ORIGIN", "")):
            return "Web pages of other hosts may not use this hub; name the page's origin in access.allowed_origins of hub.toml to allow it."
        return None

    def _refusal_at_board_door(self, door: str, environ: dict[str, Any]) -> str | None:
        """Boards and games come from the networks of the setting, by address, and with any Origin (wire/apriltag.md 1.4, 3).

        A picture proves nothing about its sender, so it must come from those networks even from this machine, and not from a foreign page.
        """
        address = environ.get("REMOTE_ADDR", "")
        if address not in self._networks and (door == "picture" or not is_loopback(address)):
            return "Boards and games of this network are not served; name the network in apriltag.networks of hub.toml, such as 192.168.1.0/24."
        name = host_name(environ.get("HTTP_HOST"))
        if not is_local_name(name) and not is_address(name.strip("[]")):
            return "Boards and games reach this hub by its address or as localhost; the host name of this request is another."
        if door in ("picture", "reading") and not self._origin_allowed(environ.get("HTTP_ORIGIN", "")):
            return "Web pages of other hosts may not send what boards send; name the page's origin in access.allowed_origins of hub.toml to allow it."
        return None

    def _origin_allowed(self, origin: str) -> bool:
        if not origin or origin.lower() in LOCAL_ORIGINS or origin.rstrip("/").lower() in self._origins:
            return True
        try:
            return is_local_name(urlsplit(origin).hostname or "?")
        except ValueError:
            return False
