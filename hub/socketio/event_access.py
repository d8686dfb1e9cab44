"""Which role each Socket.IO event requires. Connecting is open to all; every event is checked on its own.

Flask's hooks and the gate see the request that opened a connection, not its events. A token may come with the connect
packet (`auth={"token": ...}`), and a device may be let in while it is connected: so each event asks for the principal.
"""

from __future__ import annotations

from typing import Any

from hub.access.admissions import Attempt
from hub.access.claims import claimed_in
from hub.access.credentials import TOKEN_KEY
from hub.access.gate import STRANGERS, Gate
from hub.access.senders import count_message
from hub.contract.errors import Unauthorized
from hub.contract.roles import LOCAL, Requirement, Role
from hub.socketio.internals import members
from hub.socketio.library_types import SocketIoServer

DEVICES = Requirement(Role.DEVICE)
LISTENERS = Requirement(Role.DEVICE, readers=True)
EVERYBODY = Requirement(Role.OPEN)


class EventAccess:
    """The roles of events, declared where their handlers are registered, and the check of each event."""

    def __init__(self, server: SocketIoServer, gate: Gate) -> None:
        self._server, self._gate = server, gate
        self.declared: dict[str, Requirement] = {}
        self._rooms: dict[str, Requirement] = {}
        gate.on_change.append(self.check_rooms)
        server.on("connect", self._on_connect)

    def declare(self, event: str, required: Requirement) -> None:
        """Let this event require a role."""
        self.declared[event] = required

    def declare_room(self, room: str, required: Requirement) -> None:
        """Let being in a room require a role; who loses it is taken out of the room."""
        self._rooms[room] = required

    def check_rooms(self) -> None:
        """Take everybody out of the rooms who may no longer be there."""
        for room, required in self._rooms.items():
            for sid in members(self._server, room):
                if not self._gate.principal(self._environ(sid)).allows(required.role, required.readers):
                    self._server.leave_room(sid, room)

    def check(self, event: str, sid: str, args: tuple[Any, ...]) -> None:
        """Raise Unauthorized where the sender may not send this event; a device that may not appears as waiting.

        Raises TooManyRequests for an event beyond the sender's rate, whatever the event.
        """
        environ = self._environ(sid)
        principal = self._gate.principal(environ)
        if principal is LOCAL:
            return
        required = self.declared.get(event, Requirement(Role.ADMIN))
        allowed = principal.allows(required.role, required.readers)
        count_message(self._gate, environ)
        if allowed and (required.role is not Role.DEVICE or principal.ids is None):
            return
        record = args[0] if args else None
        attempt = Attempt(environ.get("REMOTE_ADDR", ""), "socketio", event, claimed_in(record), _sent(environ))
        if allowed:
            self._gate.admissions.check(principal, attempt)
            return
        if required.role is Role.DEVICE:
            self._gate.admissions.note(attempt)
        raise Unauthorized(STRANGERS)

    def _on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if isinstance(token, str) and token:
            environ[TOKEN_KEY] = token
            self._gate.identify_again(environ)

    def _environ(self, sid: str) -> dict[str, Any]:
        try:
            return self._server.get_environ(sid) or {}
        except KeyError:
            return {}


def _sent(environ: dict[str, Any]) -> dict[str, str]:
    return {"user_agent": str(environ.get("HTTP_USER_AGENT", ""))[:200]}
