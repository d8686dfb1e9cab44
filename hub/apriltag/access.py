"""Access of AprilTag boards and games by network, `apriltag.networks` (docs/wire/apriltag.md 1.4, 3)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.access.gate import Gate, is_local_name
from hub.access.networks import Networks, is_address, is_loopback
from hub.net.host import request_host
from hub.net.wsgi import Environ

LISTENERS = ("main", "apriltag")
READING_PATHS = ("/apriltag", "/apriltag/")
PICTURE_PATH = "/client_e32__http_post_to_serverhub__smartcam_video_stream"
POLL_PATH = "/client_gdevelop_to_server__smartcam_data_get"
SOCKET_PATHS = ("/", "/websocket")
NETWORK = (
    "Boards and games of this network are not served; name the network in apriltag.networks of hub.toml, such as "
    "192.168.1.0/24."
)
HOST = "Boards and games reach this hub by its address or as localhost; the host name of this request is another."
ORIGIN = (
    "Web pages of other hosts may not send what boards send; name the page's origin in access.allowed_origins of "
    "hub.toml to allow it."
)


def address_kind(environ: Environ) -> str:
    """Return the kind of AprilTag address: reading, picture, poll, socket; "" for every other request."""
    path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
    if environ.get("gatehouse.listener", "main") not in LISTENERS:
        return ""
    if environ.get("wsgi.websocket") is not None:
        return "socket" if path in SOCKET_PATHS else ""
    if method == "POST" and path in READING_PATHS:
        return "reading"
    if method == "POST" and path == PICTURE_PATH:
        return "picture"
    return "poll" if method in ("GET", "OPTIONS") and path == POLL_PATH else ""


class BoardRule:
    """The gate's rule for boards and games: allowed from configured networks, by IP address, with any Origin.

    A picture carries no token, so it must come from those networks even when its sender is this machine, and a page of
    another origin may not send it.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = Networks(networks)

    def applies(self, environ: Environ) -> bool:
        """Whether this rule decides about the request."""
        return bool(address_kind(environ))

    def refusal(self, environ: Environ, gate: Gate) -> str | None:
        """Return the sentence that rejects the request; None where it is allowed."""
        kind = address_kind(environ)
        address = environ.get("REMOTE_ADDR", "")
        if address not in self._networks and (kind == "picture" or not is_loopback(address)):
            return NETWORK
        name = request_host(environ)
        if not is_local_name(name) and not is_address(name.strip("[]")):
            return HOST
        if kind in ("picture", "reading") and not gate.origin_allowed(environ.get("HTTP_ORIGIN", "")):
            return ORIGIN
        return None
