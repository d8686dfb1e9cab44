"""The rooms of each client, so that the end of a connection does not look through the rooms of all others.

Every client of python-socketio has a room of its own, and its manager looks into every room when a client leaves: with
thousands of clients that leave together, as when a switch loses power, that would block the event loop.
"""

from __future__ import annotations

from typing import Any

from hub.socketio.internals import LocalManager


class ClientRooms:
    """A base before a python-socketio manager; keeps which rooms a client is in beside those that every client has."""

    rooms: dict[str, dict[str | None, Any]]
    callbacks: dict[str, Any]
    pending_connect: dict[str, list[str]]
    pending_disconnect: dict[str, list[str]]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._joined: dict[tuple[str, str], set[str]] = {}  # (namespace, client) -> rooms

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        """Put a client into a room. Raises ValueError for one that is not connected, and for another client's room."""
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)  # type: ignore[misc]
        if room is not None and room != sid:
            self._joined.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take a client out of a room; without effect where it is not there."""
        super().basic_leave_room(sid, namespace, room)  # type: ignore[misc]
        joined = self._joined.get((namespace, sid))
        if joined is not None and room is not None:
            joined.discard(room)
            if not joined:
                del self._joined[namespace, sid]

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Take a client out of all rooms and forget it."""
        if namespace not in self.rooms:
            return
        for room in (*self._joined.get((namespace, sid), ()), sid, None):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


class LocalRooms(ClientRooms, LocalManager):  # type: ignore[misc]  # the library has no types
    """`socketio.Manager` of a hub that is alone."""
