"""Who is served: this machine alone, until the operator lets others in; and which web pages may use the hub.

The gate stands in front of everything (REST, Socket.IO, raw WebSocket, pages), so that no transport can forget it. A kind of
device whose addresses have rules of their own adds a `Rule`.
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
from hub.live.links import host_name
from hub.net.wsgi import Application, Environ, StartResponse, respond

__all__ = ["Gate", "is_local_name", "is_loopback"]

log = logging.getLogger(__name__)

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
LOCAL_ORIGINS = ("file://",)


@lru_cache(maxsize=4096)
def is_local_name(name: str) -> bool:
    """A host name or address by which this machine knows itself (a foreign name that resolves to it is none)."""
    return (
        name.lower() in ("localhost", "", socket.gethostname().lower())
        or name.lower().endswith(".localhost")
        or is_loopback(name.strip("[]"))
    )


OTHERS = "This hub serves only programs on its own machine for now; use it at http://127.0.0.1 there."


class Rule(Protocol):
    """Who may reach some addresses."""

    def applies(self, environ: Environ) -> bool:
        """Whether this rule decides about the request."""

    def refusal(self, environ: Environ, gate: Gate) -> str | None:
        """Why the request is refused, as a sentence; None when it may come in."""


class Gate:
    """WSGI middleware: refuses with 403 and a sentence what may not come in."""

    def __init__(self, app: Application, allowed_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = {origin.rstrip("/").lower() for origin in allowed_origins}
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Let `rule` decide about the requests it applies to, instead of the rule that only this machine is served."""
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
        """Why this request is refused, as a sentence; None when it may come in."""
        if any(name in environ for name in FORWARDED):
            return OTHERS
        for rule in self._rules:
            if rule.applies(environ):
                return rule.refusal(environ, self)
        if not is_loopback(environ.get("REMOTE_ADDR", "")):
            return OTHERS
        if not is_local_name(host_name(environ.get("HTTP_HOST"))):
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
        """Whether a web page of this origin may use the hub; programs send none."""
        if not origin or origin.lower() in LOCAL_ORIGINS or origin.rstrip("/").lower() in self._origins:
            return True
        try:
            return is_local_name(urlsplit(origin).hostname or "?")
        except ValueError:
            return False
