"""Pages for browsers: whether a client wants one, and a rendered template with the headers of every page."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' http: https: data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would send forms with `Origin: null`, which does not say that they are the hub's own.
    "Referrer-Policy": "same-origin",
}


def wants_page() -> bool:
    """Whether the client prefers HTML to JSON: `*/*` gets JSON (docs/wire/lpr.md 0.10)."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A rendered template with the security headers of every page; it shows who is logged in."""
    response = Response(render_template(template, **values), status=status, content_type="text/html; charset=utf-8")
    response.headers.update(SECURITY_HEADERS)
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
