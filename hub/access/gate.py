"""Access control by address, host name and origin: only this machine is served, until the operator allows others.

The gate is WSGI middleware in front of every transport (REST, Socket.IO, raw WebSocket, pages), so that none can bypass
it. A kind of device whose addresses have rules of their own adds a `Rule`.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from hub.access.networks import is_loopback
from hub.contract.errors import error_body
from hub.net.host import request_host
from hub.net.wsgi import Application, Environ, StartResponse, respond

log = logging.getLogger(__name__)

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
LOCAL_ORIGINS = ("file://",)
OTHERS = "This hub serves only programs on its own machine for now; use it at http://127.0.0.1 there."


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """Whether a host name or address is this machine's own; names are not resolved."""
    return (
        name.lower() in ("localhost", socket.gethostname().lower())
        or name.lower().endswith(".localhost")
        or is_loopback(name.strip("[]"))
    )


class Rule(Protocol):
    """Access control of some addresses."""

    def applies(self, environ: Environ) -> bool:
        """Whether this rule decides about the request."""

    def refusal(self, environ: Environ, gate: Gate) -> str | None:
        """Why the request is rejected, as a sentence; None where it is allowed."""


class Gate:
    """WSGI middleware that answers 403 and a sentence to requests that are not allowed."""

    def __init__(self, app: Application, allowed_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = {origin.rstrip("/").lower() for origin in allowed_origins}
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Let `rule` decide about the requests that it applies to, in place of the default rule."""
        self._rules.append(rule)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        reason = self.refusal(environ)
        if reason is None:
            return self._app(environ, start_response)
        log.warning(
            "Refused %s %s from %s: %s",
            environ.get("REQUEST_METHOD"),
            str(environ.get("PATH_INFO"))[:100],
            environ.get("REMOTE_ADDR"),
            reason,
        )
        return respond(start_response, 403, error_body(reason), headers=[("Connection", "close")])

    def refusal(self, environ: Environ) -> str | None:
        """Why this request is rejected, as a sentence; None where it is allowed."""
        if any(name in environ for name in FORWARDED):
            return OTHERS
        for rule in self._rules:
            if rule.applies(environ):
                return rule.refusal(environ, self)
        if not is_loopback(environ.get("REMOTE_ADDR", "")):
            return OTHERS
        if not is_local_name(request_host(environ)):
            return (
                "This hub is reached as localhost or 127.0.0.1 on its own machine; the host name of this request is "
                "another."
            )
        if not self.origin_allowed(environ.get("HTTP_ORIGIN", "")):
            return (
                "Web pages of other hosts may not use this hub; name the page's origin in access.allowed_origins of "
                "hub.toml to allow it."
            )
        return None

    def origin_allowed(self, origin: str) -> bool:
        """Whether a web page of this origin may use the hub; programs send no origin."""
        if not origin or origin.lower() in LOCAL_ORIGINS or origin.rstrip("/").lower() in self._origins:
            return True
        try:
            return is_local_name(urlsplit(origin).hostname or "?")
        except ValueError:
            return False
