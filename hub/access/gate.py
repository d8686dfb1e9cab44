"""Access control: who sent a request, what the request requires, and the answer to one that is refused.

The gate is WSGI middleware in front of every transport (REST, Socket.IO, raw WebSocket, pages), so that none can bypass
it, and it decides before the body is read. Trust comes from an address (this machine, `trusted_networks`, an admitted
device), from a token or from a session; never from a header that names another address, and never from a host name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Protocol
from urllib.parse import quote

from hub.access.address_trust import IN_PROCESS, AddressTrust, by_unknown_proxy
from hub.access.admissions import Admissions, Attempt, NoAdmissions
from hub.access.claims import LATE_BODY, claimed_at_start, claimed_id, sent_fields
from hub.access.networks import is_loopback
from hub.access.rate_limits import RateLimiter
from hub.contract.errors import error_body
from hub.contract.roles import LOCAL, STRANGER, Principal, Requirement, Role
from hub.net.wsgi import Application, Environ, StartResponse, respond

log = logging.getLogger(__name__)

PRINCIPAL = "gatehouse.principal"  # of a WSGI environment, with the generation in which it was found
LOGIN = "/login"
STRANGERS = (
    "This hub serves devices that were let in and people who have logged in. An operator lets a device in on the page "
    "/devices, by a token, or by naming its network in trusted_networks of hub.toml."
)
PROXIED = (
    "This request came through a proxy, whose word about the sender is not taken; name the proxy in "
    "access.trusted_proxy of hub.toml, or send a token."
)
TOO_FAST = "This device sends faster than limits.messages_per_second allows; send less, or raise it in hub.toml."
OTHER_HOST = (
    "This hub is reached by its address, or as localhost on its own machine; the host name of this request is another. "
    "Name it in access.hostnames of hub.toml to allow it."
)
OTHER_ORIGIN = (
    "Web pages of other hosts may not use this hub; name the page's origin in access.allowed_origins of hub.toml to "
    "allow it."
)


class Identifier(Protocol):
    """Recognises senders by something that they have."""

    def identify(self, environ: Environ) -> Principal | None:
        """The sender, or None where it is not known by this means."""


class RequirementSource(Protocol):
    """Knows what requests require (`hub.access.requirements.Requirements`)."""

    def of(self, environ: Environ) -> Requirement:
        """What this request requires."""


class Refusal(Exception):
    """Why a request is refused, as a sentence, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Gate:
    """WSGI middleware that answers 401 or 403 and a sentence to requests that are not allowed.

    `local_admin`: whether programs of this machine have every role. `hostnames`: names by which senders that are
    trusted by their address may call the hub. `trusted_proxy`: the one address whose X-Forwarded-For is believed.
    """

    def __init__(
        self,
        app: Application,
        allowed_origins: Iterable[str] = (),
        trusted_networks: Iterable[str] = (),
        hostnames: Iterable[str] = (),
        local_admin: bool = True,
        trusted_proxy: str = "",
        messages_per_second: int = 200,
    ) -> None:
        self._app = app
        self._addresses = AddressTrust(allowed_origins, trusted_networks, hostnames, local_admin, trusted_proxy)
        self._by_secret: list[Identifier] = []
        self._by_address: list[Identifier] = []
        self._rates = RateLimiter(messages_per_second, burst=5.0 * messages_per_second)
        self._log_rate = RateLimiter(0.1, burst=3.0)
        self._generation = 0
        self.on_change: list[Callable[[], None]] = []
        self.requirements: RequirementSource | None = None
        self.csrf_refusal: Callable[[Environ], str | None] = lambda environ: OTHER_ORIGIN  # until accounts set it
        self.admissions: Admissions = NoAdmissions()
        self.refused = 0

    def add_identifier(self, identifier: Identifier, by_address: bool = False) -> None:
        """Recognise senders by a secret that they bring, or by their address; each adds the roles that it knows."""
        (self._by_address if by_address else self._by_secret).append(identifier)

    def changed(self) -> None:
        """Have open connections identified anew: somebody was let in, or no longer is."""
        self._generation += 1
        for check in self.on_change:
            check()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self.check(environ)
        except Refusal as refusal:
            return self._refuse(environ, start_response, refusal)
        return self._app(environ, start_response)

    def check(self, environ: Environ) -> None:
        """Decide about a request. Raises Refusal."""
        if not self._addresses.take_from_proxy(environ) and self._addresses.is_local_admin(environ):
            environ[PRINCIPAL] = self._generation, LOCAL
            return
        required = Requirement(Role.ADMIN) if self.requirements is None else self.requirements.of(environ)
        principal = self._identify(environ, required.any_origin)
        environ[PRINCIPAL] = self._generation, principal
        if principal is STRANGER and not self._addresses.origin_counts(environ, required.any_origin):
            raise Refusal(403, OTHER_ORIGIN)
        if not principal.allows(required.role, required.readers):
            raise self._refusal(environ, principal, required)
        if required.role is Role.DEVICE and not self.within_rate(environ, principal):
            raise Refusal(429, TOO_FAST)
        if principal.kind == "account" and (reason := self.csrf_refusal(environ)) is not None:
            raise Refusal(403, reason)

    def principal(self, environ: Environ) -> Principal:
        """Who sent a request, or is at the other end of a connection that it has opened, as of now."""
        generation, principal = environ.get(PRINCIPAL, (-1, STRANGER))
        if generation != self._generation:
            required = None if self.requirements is None else self.requirements.of(environ)
            principal = self._identify(environ, required is not None and required.any_origin)
            environ[PRINCIPAL] = self._generation, principal
        found: Principal = principal
        return found

    def author(self, environ: Environ) -> Principal:
        """Who is named for a change: the person whose session the request brings, even where this machine is trusted.

        For the audit log only: that somebody is named grants nothing.
        """
        principal = self.principal(environ)
        if principal.kind != "local":
            return principal
        found = (each.identify(environ) for each in self._by_secret)
        return next((one for one in found if one is not None and one.kind == "account"), principal)

    def within_rate(self, environ: Environ, principal: Principal) -> bool:
        """Count a message of a device of another machine; False for one beyond `messages_per_second`."""
        if principal.kind == "local":
            return True
        return self._rates.allow(f"{environ.get('REMOTE_ADDR', '')} {principal.name}")

    def identify_again(self, environ: Environ) -> Principal:
        """The same after a connection has brought a token (Socket.IO's connect packet)."""
        environ.pop(PRINCIPAL, None)
        return self.principal(environ)

    def trusts_address(self, address: str) -> bool:
        """Whether datagrams of an address are served: loopback, or of a trusted network."""
        return self._addresses.of(address) is not None

    # -- who it is

    def _identify(self, environ: Environ, any_origin: bool) -> Principal:
        """Everything that is known of the sender, with all its roles."""
        found = [one for each in self._by_secret if (one := each.identify(environ)) is not None]
        if self._addresses.counts(environ, any_origin):
            if (by_address := self._addresses.of(environ.get("REMOTE_ADDR", IN_PROCESS))) is not None:
                found.append(by_address)
            found += [one for each in self._by_address if (one := each.identify(environ)) is not None]
        return _together(found)

    # -- refusals

    def _refusal(self, environ: Environ, principal: Principal, required: Requirement) -> Refusal:
        if principal is STRANGER:
            local = is_loopback(environ.get("REMOTE_ADDR", ""))
            if by_unknown_proxy(environ):
                return Refusal(401, PROXIED)
            if local and not self._addresses.host_counts(environ):
                return Refusal(403, OTHER_HOST)
            if required.role is Role.DEVICE:
                self._note(environ)
            return Refusal(401, STRANGERS)
        if principal.kind == "local":
            return Refusal(401, "This needs an account: log in at /login.")
        return Refusal(403, f"This needs the role {required.role}; {principal.name or 'the sender'} does not have it.")

    def _note(self, environ: Environ) -> None:
        """Let a device that was refused appear as waiting."""
        transport = "websocket" if environ.get("wsgi.websocket") is not None else "http"
        attempt = Attempt(
            environ.get("REMOTE_ADDR", ""),
            transport,
            environ.get("PATH_INFO", "")[:200],
            claimed_id(environ),
            sent_fields(environ),
        )
        self.admissions.note(attempt)
        if not attempt.claimed:
            environ[LATE_BODY] = partial(self._note_late, attempt)

    def _note_late(self, attempt: Attempt, data: bytes) -> None:
        """The body of a refused request has begun to come; its sender has its answer already."""
        claimed = claimed_at_start(data)
        if claimed:
            self.admissions.note(replace(attempt, claimed=claimed, again=True))

    def _refuse(self, environ: Environ, start_response: StartResponse, refusal: Refusal) -> Iterable[bytes]:
        self.refused += 1
        address = environ.get("REMOTE_ADDR", "")
        if self._log_rate.allow(address):
            log.warning(
                "Refused %s %s from %s: %s",
                environ.get("REQUEST_METHOD"),
                str(environ.get("PATH_INFO"))[:100],
                address,
                refusal.message,
            )
        closing = ("Connection", "close")
        if refusal.status == 401 and _wants_page(environ):
            place = quote(environ.get("PATH_INFO", "/").encode("latin-1", "replace"))
            start_response("303 See Other", [("Location", f"{LOGIN}?next={place}"), ("Content-Length", "0"), closing])
            return []
        headers = [closing, ("WWW-Authenticate", "Bearer")] if refusal.status == 401 else [closing]
        if refusal.status == 429:
            headers.append(("Retry-After", "1"))
        return respond(start_response, refusal.status, error_body(refusal.message), headers=headers)


def _together(found: list[Principal]) -> Principal:
    """One principal with the roles of all: the first account, else the first."""
    if len(found) < 2:
        return found[0] if found else STRANGER
    first = next((one for one in found if one.kind == "account"), found[0])
    devices = [one for one in found if Role.DEVICE in one.roles]
    ids: frozenset[str] | None = None
    if devices and all(one.ids is not None for one in devices):
        ids = frozenset[str]().union(*(one.ids for one in devices if one.ids is not None))
    return Principal(first.kind, first.name, frozenset[Role]().union(*(one.roles for one in found)), ids)


def _wants_page(environ: Environ) -> bool:
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("wsgi.websocket") is None
        and "text/html" in environ.get("HTTP_ACCEPT", "")
    )
