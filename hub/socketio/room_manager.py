"""python-socketio's Redis manager on the hub's own relay: rooms have members at every hub.

The messages and their channel are python-socketio's, so any program with its `RedisManager` may emit to the hub's
rooms. The connection is the hub's: nothing here waits for Redis, and what waits to be sent is bounded.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, encode
from hub.live.relay import MAX_TEXT_BYTES, Relay
from hub.socketio.client_rooms import ClientRooms
from hub.socketio.internals import NAMESPACE, LocalManager, RedisRoomManager

TOPIC = "socketio"
MAX_NAME = 200
MEMBERSHIP = {"disconnect", "enter_room", "leave_room", "close_room"}


class RoomManager(ClientRooms, RedisRoomManager):  # type: ignore[misc]  # the library has no types
    """`socketio.RedisManager` whose messages go through a relay."""

    def __init__(self, relay: Relay) -> None:
        super().__init__("redis://", channel=TOPIC)
        self._relay = relay
        self._rooms: set[str] = set()
        self._wanting: set[str] = set()
        self.deliver: Any = None  # (room, event, JSON) -> None: sends to the members of this hub in one write
        relay.on(TOPIC, self._receive)
        relay.want(TOPIC)

    def initialize(self) -> None:
        """Start nothing: the relay listens."""
        LocalManager.initialize(self)

    def emit(self, event: str, data: Any, *args: Any, **options: Any) -> None:
        """Emit to clients of this hub; replies to one client are all that comes here (`share` is for rooms)."""
        options.pop("ignore_queue", None)
        LocalManager.emit(self, event, data, *args, **options)

    def watch(self, room: str) -> None:
        """Ask the other hubs for the events of a room while somebody is in it."""
        self._rooms.add(room)

    def has_members_elsewhere(self, room: str) -> bool:
        """Whether somebody at another hub is in a room."""
        return self._relay.wanted(f"room/{room}")

    def share(self, room: str, event: str, text: str) -> None:
        """Send an event, its JSON made already, to the members of a room at other hubs."""
        head = {"method": "emit", "event": event, "binary": False, "namespace": NAMESPACE, "room": room}
        rest = encode({**head, "skip_sid": None, "callback": None, "host_id": self.host_id})
        self._relay.send(TOPIC, b'%b,"data":[%b]}' % (rest[:-1], text.encode()))

    # -- members of this hub

    def enter_room(self, sid: str, namespace: str, room: str, eio_sid: str | None = None) -> None:
        super().enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._refresh()

    def leave_room(self, sid: str, namespace: str, room: str) -> None:
        super().leave_room(sid, namespace, room)
        self._refresh()

    def disconnect(self, sid: str, namespace: str | None = None, **options: Any) -> Any:
        left = super().disconnect(sid, namespace, **options)
        self._refresh()
        return left

    def _refresh(self) -> None:
        """Want the events of the rooms in which somebody is."""
        for room in self._rooms:
            occupied = any(True for _ in self.get_participants(NAMESPACE, room))
            if occupied and room not in self._wanting:
                self._wanting.add(room)
                self._relay.want(f"room/{room}")
            elif not occupied and room in self._wanting:
                self._wanting.discard(room)
                self._relay.unwant(f"room/{room}")

    # -- the other hubs

    def _handle_emit(self, message: dict[str, Any]) -> None:
        data = message["data"]
        if isinstance(data, list):
            data = data[0] if len(data) == 1 else tuple(data)
        LocalManager.emit(self, message["event"], data, NAMESPACE, message.get("room"), message.get("skip_sid"))

    def _publish(self, data: dict[str, Any]) -> None:
        self._relay.send(TOPIC, encode(data))

    def _receive(self, topic: str, body: bytes, sender: str) -> None:
        """Handle a message of another hub or program. Raises ContractError, KeyError."""
        if len(body) > MAX_TEXT_BYTES:
            raise ContractError("The message for a room is too long.")
        message = decode_object(body)
        if message.get("host_id") == self.host_id:
            return
        method = message.get("method")
        if method == "emit":
            self._emit(message)
        elif method in MEMBERSHIP and all(isinstance(message.get(key, ""), str) for key in ("sid", "room")):
            getattr(self, f"_handle_{method}")(message)
            self._refresh()
        else:
            raise ContractError("The message for a room is not understood.")

    def _emit(self, message: dict[str, Any]) -> None:
        event, data, room = message["event"], message["data"], message.get("room")
        if not isinstance(event, str) or len(event) > MAX_NAME or message.get("binary") or message.get("callback"):
            raise ContractError("The event for a room is not understood.")
        if isinstance(room, str) and room in self._rooms and isinstance(data, list) and len(data) == 1:
            self.deliver(room, event, orjson.dumps(data[0]).decode())
        elif message.get("namespace") in (None, NAMESPACE):
            self._handle_emit(message)
