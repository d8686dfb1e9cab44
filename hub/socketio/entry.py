"""Entry of Engine.IO connections: other paths of the endpoint, and the WebSockets that polling sessions upgrade to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.net.wsgi import Application, Environ, StartResponse
from hub.socketio.rooms import Rooms

PATH = "/socket.io"


class EngineIoEntry:
    """WSGI middleware in front of Engine.IO; everything else passes through."""

    def __init__(self, app: Application, rooms: Rooms) -> None:
        self._app, self._rooms = app, rooms
        self._aliases: dict[str, str] = {}

    @property
    def aliases(self) -> Mapping[str, str]:
        """Further paths of Engine.IO."""
        return self._aliases

    def add_alias(self, path: str, mark: str) -> None:
        """Serve Engine.IO at `path` too; the key `mark` is then True in the connection's WSGI environment."""
        self._aliases[path] = mark

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path in self._aliases and "EIO=" in environ.get("QUERY_STRING", ""):
            environ[self._aliases[path]] = True
            environ["PATH_INFO"] = path = f"{PATH}/"
        socket = environ.get("wsgi.websocket")
        if socket is not None and path.startswith(PATH):
            self._rooms.upgrading(environ, socket)
        return self._app(environ, start_response)
