"""Trust in addresses: whether that of a request counts, and as whom its sender is then known.

An address does not count behind a proxy that nobody named, for pages of foreign origins, and where the request calls
the hub by a foreign name: a web page of somebody else could use the browser of a trusted machine.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from hub.access.networks import Networks, is_address, is_loopback
from hub.contract.roles import LOCAL, LOCAL_DEVICE, NETWORK, Principal
from hub.net.host import request_host
from hub.net.wsgi import Environ

PROXIED_BY = "gatehouse.proxied"  # of a WSGI environment: the trusted proxy that passed the request on
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
LOCAL_ORIGINS = ("file://",)
IN_PROCESS = "127.0.0.1"  # a caller without any address, such as a test client, is in this process


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """Whether a host name or address is this machine's own; names are not resolved."""
    return (
        name.lower() in ("localhost", socket.gethostname().lower())
        or name.lower().endswith(".localhost")
        or is_loopback(name.strip("[]"))
    )


class AddressTrust:
    """This machine and `networks`. `local_admin`: whether programs of this machine have every role.

    `hostnames`: names by which senders that are trusted by their address may call the hub. `proxy`: the one address
    whose X-Forwarded-For is believed, "" for none.
    """

    def __init__(
        self,
        allowed_origins: Iterable[str],
        networks: Iterable[str],
        hostnames: Iterable[str],
        local_admin: bool,
        proxy: str,
    ) -> None:
        self._origins = {origin.rstrip("/").lower() for origin in allowed_origins}
        self._networks = Networks(networks)
        self._hostnames = {name.lower().rstrip(".") for name in hostnames}
        self._local = LOCAL if local_admin else LOCAL_DEVICE
        self._proxy = proxy

    def of(self, address: str) -> Principal | None:
        """Who sends from an address: this machine, a trusted network, or None."""
        if is_loopback(address):
            return self._local
        return NETWORK if address in self._networks else None

    def is_local_admin(self, environ: Environ) -> bool:
        """A program of this machine, or a page of this machine in its browser: the frequent case, decided fast."""
        return (
            self._local is LOCAL
            and is_loopback(environ.get("REMOTE_ADDR", IN_PROCESS))
            and environ.keys().isdisjoint(FORWARDED)
            and is_local_name(request_host(environ))
            and self._origin_allowed(environ.get("HTTP_ORIGIN", ""))
        )

    def take_from_proxy(self, environ: Environ) -> bool:
        """Take the sender's address from the trusted proxy, the last one that it has added; False for other senders."""
        if not self._proxy or environ.get("REMOTE_ADDR") != self._proxy:
            return False
        environ[PROXIED_BY] = self._proxy
        given = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-1].strip()
        environ["REMOTE_ADDR"] = given if is_address(given) else ""
        return True

    def counts(self, environ: Environ, any_origin: bool) -> bool:
        """Whether trust in the address may be used: no unknown proxy, no foreign page, no foreign name for the hub."""
        if by_unknown_proxy(environ) or (PROXIED_BY in environ and is_loopback(environ.get("REMOTE_ADDR", ""))):
            return False
        return self.host_counts(environ) and self.origin_counts(environ, any_origin)

    def host_counts(self, environ: Environ) -> bool:
        """Whether the request calls the hub by a name that it is known by."""
        name = request_host(environ)
        if is_local_name(name):
            return True
        return not is_loopback(environ.get("REMOTE_ADDR", "")) and (
            is_address(name.strip("[]")) or name in self._hostnames
        )

    def origin_counts(self, environ: Environ, any_origin: bool) -> bool:
        """Whether a page that may use the hub, or a program, sent the request."""
        origin = environ.get("HTTP_ORIGIN", "")
        return any_origin or self._origin_allowed(origin) or _host_of(origin) == request_host(environ).strip("[]")

    def _origin_allowed(self, origin: str) -> bool:
        """Whether a web page of this origin may use the hub; programs send no origin."""
        if not origin or origin.lower() in LOCAL_ORIGINS or origin.rstrip("/").lower() in self._origins:
            return True
        return is_local_name(_host_of(origin) or "?")


def by_unknown_proxy(environ: Environ) -> bool:
    """Whether a proxy that nobody named passed the request on: its address is not the sender's."""
    return PROXIED_BY not in environ and any(name in environ for name in FORWARDED)


def _host_of(origin: str) -> str | None:
    """The host name or address of an origin; None where it has none."""
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
