"""Access of AprilTag boards and games: by their messages, since their sockets are open, and by `apriltag.networks`.

`apriltag.networks` is older than `trusted_networks`.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.access.admissions import Attempt
from hub.access.gate import Gate
from hub.access.networks import Networks
from hub.contract.errors import RequestError
from hub.contract.roles import NETWORK, Principal, Requirement, Role
from hub.net.wsgi import Environ

LISTENERS = ("main", "apriltag")
READING_PATHS = ("/apriltag", "/apriltag/")
PICTURE_PATH = "/client_e32__http_post_to_serverhub__smartcam_video_stream"
POLL_PATH = "/client_gdevelop_to_server__smartcam_data_get"
SOCKET_PATHS = ("/", "/websocket")
BOARDS = Requirement(Role.DEVICE)
GAMES = Requirement(Role.DEVICE, readers=True)
SOCKET_MESSAGES = {
    "identify as a game": GAMES,
    "request_latest_data": GAMES,
    "event_FromGDevelop": GAMES,
    "ping": Requirement(Role.OPEN),
}
"""What a message of a socket that is no board requires."""
BOARD_MESSAGES = ("identify as a board", "apriltag_data", "video_frame", "binary picture")
"""Messages of boards: they identify with `apriltag.token` or as a device; a trusted network does not replace it."""


def is_admitted(gate: Gate, environ: Environ, transport: str) -> bool:
    """Whether a board without the token of boards is a device that was let in; one that is unknown waits from now on.

    An address of a trusted network does not replace the token of boards.
    """
    principal = gate.principal(environ)
    attempt = Attempt(environ.get("REMOTE_ADDR", ""), transport, environ.get("PATH_INFO", ""))
    if not principal.allows(BOARDS.role):
        gate.admissions.note(attempt)
        return False
    if principal.kind != "device" or principal.ids is None:
        return principal.kind == "device"
    try:
        gate.admissions.check(principal, attempt)
    except RequestError:
        return False
    return True


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


class BoardNetworks:
    """Recognises boards and games of `apriltag.networks`, at the AprilTag addresses only."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = Networks(networks)

    def __contains__(self, address: str) -> bool:
        return address in self._networks

    def identify(self, environ: Environ) -> Principal | None:
        """A trusted sender where its network is named and it asks for an AprilTag address."""
        if environ.get("REMOTE_ADDR", "") in self._networks and address_kind(environ):
            return NETWORK
        return None


class DatagramSenders:
    """Decides whose datagrams are served: those of an address that may post readings without a token."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def admits(self, address: str) -> bool:
        """Whether datagrams of this address are served; of others the sender appears as waiting on /devices."""
        if self._gate.trusts_address(address):
            return True
        post = {"REQUEST_METHOD": "POST", "PATH_INFO": READING_PATHS[0], "REMOTE_ADDR": address}
        if self._gate.principal(post).allows(Role.DEVICE):
            return True
        self._gate.admissions.note(Attempt(address, "udp"))
        return False
