"""The role that a request requires, found before its body is read: by listener, path, method, WebSocket or not."""

from __future__ import annotations

from collections.abc import Container

from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect

from hub.access.declare import requirement_of
from hub.contract.roles import OPEN, UNDECLARED, Requirement, Role
from hub.net.wsgi import Environ
from hub.websocket.routes import ENGINE_IO, WebSocketRoutes

UNKNOWN = Requirement(Role.VIEWER)
"""Of paths that nothing is served at: a stranger does not learn which those are."""
CONNECT = Requirement(Role.OPEN)
"""Of Socket.IO: connecting is open, but not to pages of foreign origins; each event is checked on its own."""
MAX_CACHED = 2048
MAX_CACHED_PATH = 256  # strangers choose the paths, of up to the size of a head


class Requirements:
    """Looks up what a request requires. `aliases` are further paths of Engine.IO."""

    def __init__(self, app: Flask, websockets: WebSocketRoutes, aliases: Container[str] = ()) -> None:
        self._app, self._websockets, self._aliases = app, websockets, aliases
        self._adapter: MapAdapter | None = None
        self._cache: dict[tuple[str, str], Requirement] = {}

    def of(self, environ: Environ) -> Requirement:
        """What this request requires."""
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(ENGINE_IO) or (path in self._aliases and "EIO=" in environ.get("QUERY_STRING", "")):
            return CONNECT
        if environ.get("wsgi.websocket") is not None:
            required = self._websockets.requirement(environ.get("gatehouse.listener", "main"), path)
            return UNKNOWN if required is None else required
        return self._of_route(environ.get("REQUEST_METHOD", "GET"), path)

    def _of_route(self, method: str, path: str) -> Requirement:
        key = method, path
        found = self._cache.get(key)
        if found is None:
            found = self._find_route(method, path)
            if len(path) <= MAX_CACHED_PATH:
                if len(self._cache) >= MAX_CACHED:
                    self._cache.clear()
                self._cache[key] = found
        return found

    def _find_route(self, method: str, path: str) -> Requirement:
        if self._adapter is None:
            self._adapter = self._app.url_map.bind("hub")
        text = path.encode("latin-1", "replace").decode("utf-8", "replace")
        for tried in (method, "GET", "POST", "PUT", "DELETE"):  # OPTIONS and 405 require what the route does
            try:
                endpoint, _ = self._adapter.match(text, method=tried)
            except RequestRedirect:
                return UNKNOWN
            except MethodNotAllowed:
                continue
            except HTTPException:
                return UNKNOWN
            return self.of_endpoint(str(endpoint))
        return UNKNOWN

    def of_endpoint(self, endpoint: str) -> Requirement:
        """What a Flask endpoint requires."""
        if endpoint == "static":
            return OPEN
        return requirement_of(self._app.view_functions.get(endpoint)) or UNDECLARED
