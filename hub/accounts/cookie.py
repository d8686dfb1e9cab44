"""The session cookie: signed by Flask's session interface, and read by the same signer before Flask runs."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer

from hub.access.origins import SESSION_COOKIE
from hub.net.wsgi import Environ

MAX_COOKIE = 4096  # characters; ours has about 300


class HubSessionInterface(SecureCookieSessionInterface):
    """Flask's signed cookies with SHA-256; sent back over TLS only where they came by it."""

    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Leave answers to requests without a session as they are: `Vary` would only name a cookie that they lack."""
        if session or session.modified:
            super().save_session(app, session, response)


class SessionCookie:
    """Reads the cookie of a WSGI environment. A signature is compared in constant time (itsdangerous)."""

    def __init__(self, app: Flask, interface: HubSessionInterface) -> None:
        signer = interface.get_signing_serializer(app)
        if signer is None:
            raise ValueError("the application has no secret key")
        self._signer: URLSafeTimedSerializer = signer
        self._max_age = int(app.permanent_session_lifetime.total_seconds())

    def read(self, environ: Environ) -> dict[str, Any] | None:
        """The session of a request; None where it has none, or one that is forged or expired."""
        value = cookie_value(environ.get("HTTP_COOKIE", ""))
        if not value:
            return None
        try:
            session = self._signer.loads(value, max_age=self._max_age)
        except BadData:
            return None
        return session if isinstance(session, dict) else None


def cookie_value(header: str) -> str:
    """The session cookie in a `Cookie` header; "" where it is not there or too long."""
    if SESSION_COOKIE not in header:
        return ""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == SESSION_COOKIE:
            return value if len(value) <= MAX_COOKIE else ""
    return ""
