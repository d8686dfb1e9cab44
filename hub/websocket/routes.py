"""Routes of raw WebSockets, by path and by listener. Requests for other paths are refused before the upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from hub.contract.errors import RequestError, error_body
from hub.contract.roles import Requirement, Role
from hub.net.wsgi import Application, Environ, StartResponse, respond
from hub.websocket.connection import WebSocket
from hub.websocket.frames import POLICY_VIOLATION

Serve = Callable[[WebSocket, Environ], Iterable[bytes]]
Watch = Callable[[Environ, Requirement, Callable[[], None]], AbstractContextManager[None]]
ENGINE_IO = "/socket.io"
WITHDRAWN = "Access was withdrawn."
NOT_SERVED = (
    "No raw WebSocket is served at this port and path; AprilTag boards and games connect to / or /websocket of the "
    "main or the apriltag port, listeners of capture results to the results port, tracking clients to /video-stream/ID."
)


def limit_messages(socket: WebSocket, megabytes: int) -> None:
    """Close the connection with 1009 at the header of a larger message."""
    socket.max_message_bytes = min(socket.max_message_bytes, megabytes * 1024 * 1024)


def end(socket: WebSocket) -> None:
    """End a connection whose access was withdrawn, without waiting: nothing more is sent to it or received from it."""
    (socket.drop if socket.accepted else socket.abort)(POLICY_VIOLATION, WITHDRAWN)


class Route(NamedTuple):
    """How a WebSocket is served, and what it requires."""

    serve: Serve
    required: Requirement


class WebSocketRoutes:
    """WSGI middleware; plain requests and Engine.IO pass through.

    `watch(environ, required, end)` calls `end` inside the block as soon as the sender has no longer what is required.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self.watch: Watch = lambda environ, required, end: nullcontext()
        self._paths: dict[str, Route] = {}
        self._prefixes: dict[str, Route] = {}
        self._listeners: dict[str, tuple[tuple[str, ...], Route]] = {}

    def add_path(self, path: str, serve: Serve, required: Requirement) -> None:
        """Serve `path` on every listener. `serve` may raise RequestError before it accepts the socket."""
        self._paths[path] = Route(serve, required)

    def add_prefix(self, prefix: str, serve: Serve, required: Requirement) -> None:
        """Serve every path that begins with `prefix` on every listener, as `add_path` does."""
        self._prefixes[prefix] = Route(serve, required)

    def add_listener(self, listener: str, serve: Serve, required: Requirement, paths: tuple[str, ...] = ()) -> None:
        """Serve these paths of a listener; every path where none is given."""
        self._listeners[listener] = (paths, Route(serve, required))

    def requirement(self, listener: str, path: str) -> Requirement | None:
        """What a WebSocket on this path requires; None where none is served."""
        route = self._find(listener, path)
        return None if route is None else route.required

    def declared(self) -> dict[str, Requirement]:
        """Every raw WebSocket with what it requires, for the documentation and its test."""
        rows = {path: route.required for path, route in {**self._paths, **self._prefixes}.items()}
        for listener, (paths, route) in self._listeners.items():
            rows |= {f"{listener} {path}": route.required for path in paths or ("/",)}
        return rows

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        socket = environ.get("wsgi.websocket")
        path = environ.get("PATH_INFO", "")
        if socket is None or path.startswith(ENGINE_IO):
            return self._app(environ, start_response)
        route = self._find(environ.get("gatehouse.listener", "main"), path)
        if route is None:
            return respond(start_response, 404, error_body(NOT_SERVED))
        try:
            if route.required.role is Role.OPEN:
                return route.serve(socket, environ)
            with self.watch(environ, route.required, lambda: end(socket)):
                return route.serve(socket, environ)
        except RequestError as error:
            return respond(start_response, error.status, error.body(), error.retry_after)

    def _find(self, listener: str, path: str) -> Route | None:
        if path in self._paths:
            return self._paths[path]
        for prefix, route in self._prefixes.items():
            if path.startswith(prefix):
                return route
        paths, of_listener = self._listeners.get(listener, ((), None))
        return of_listener if not paths or path in paths else None
