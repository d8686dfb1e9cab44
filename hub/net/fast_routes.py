"""Requests answered in front of Flask.

Flask's routing and request objects cost more than parsing and storing a record (measured: REST +60 to 110 %). A handler
here answers the frequent requests and leaves all others to Flask's route of the same path, which calls the same
functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.net.wsgi import Application, Environ, FastHandler, StartResponse


class FastRoutes:
    """WSGI middleware. `enabled` is False where `fast_paths.rest` is off: every request then goes to Flask."""

    def __init__(self, app: Application, enabled: bool = True) -> None:
        self._app, self._enabled = app, enabled
        self._handlers: dict[str, FastHandler] = {}

    def add(self, path: str, handler: FastHandler) -> None:
        """Let `handler` answer `path`; it returns None for a request that Flask answers."""
        self._handlers[path] = handler

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        handler = self._handlers.get(environ.get("PATH_INFO", "")) if self._enabled else None
        response = handler(environ, start_response) if handler is not None else None
        return self._app(environ, start_response) if response is None else response
