"""Entry of Engine.IO connections: other paths of the endpoint, their limit, and upgrades of polling sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.contract.errors import error_body
from hub.net.wsgi import Application, Environ, StartResponse, respond
from hub.socketio.rooms import Rooms
from hub.socketio.session_limit import RETRY_SECONDS, SessionLimit, is_new_session

PATH = "/socket.io"


class EngineIoEntry:
    """WSGI middleware in front of Engine.IO; everything else passes through."""

    def __init__(self, app: Application, rooms: Rooms, sessions: SessionLimit) -> None:
        self._app, self._rooms, self._sessions = app, rooms, sessions
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
        if not path.startswith(PATH):
            return self._app(environ, start_response)
        if is_new_session(environ):
            reason = self._sessions.reason_to_refuse(environ.get("REMOTE_ADDR", ""))
            if reason is not None:
                return respond(start_response, 503, error_body(reason, retry_after=RETRY_SECONDS), RETRY_SECONDS)
        socket = environ.get("wsgi.websocket")
        if socket is not None:
            self._rooms.upgrading(environ, socket)
        return self._app(environ, start_response)
