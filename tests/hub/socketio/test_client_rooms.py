"""The rooms of clients: who leaves is looked for in the rooms that it is in, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
import socketio

from hub.socketio.client_rooms import ClientRooms, LocalRooms
from hub.socketio.room_manager import RoomManager

CLIENTS = 200


class CountedRooms(dict[Any, Any]):
    """The rooms of a namespace; `looked` counts those that were gone through."""

    looked = 0

    def copy(self) -> dict[Any, Any]:
        self.looked += len(self)
        return super().copy()

    def items(self) -> Any:
        self.looked += len(self)
        return super().items()

    def __iter__(self) -> Any:
        self.looked += len(self)
        return super().__iter__()


def connected(count: int) -> tuple[LocalRooms, list[str]]:
    manager = LocalRooms()
    socketio.Server(client_manager=manager, async_mode="gevent")
    manager.rooms["/"] = CountedRooms()
    return manager, [manager.connect(f"session {number}", "/") for number in range(count)]


def test_the_end_of_a_connection_does_not_look_through_the_rooms_of_others() -> None:
    manager, sids = connected(CLIENTS)
    manager.enter_room(sids[0], "/", "dashboard")
    rooms = manager.rooms["/"]
    rooms.looked = 0
    for sid in sids[: CLIENTS // 2]:
        manager.pre_disconnect(sid, "/")
        manager.disconnect(sid, "/")
    assert rooms.looked == 0
    assert len(rooms) == 1 + CLIENTS // 2  # everybody's, and each one's own


def test_who_leaves_is_in_no_room_and_not_connected() -> None:
    manager, (first, second) = connected(2)
    for sid in (first, second):
        manager.enter_room(sid, "/", "dashboard")
    manager.enter_room(first, "/", "health")
    manager.leave_room(first, "/", "health")
    manager.enter_room(first, "/", "alerts")
    manager.pre_disconnect(first, "/")
    assert not manager.is_connected(first, "/")
    manager.disconnect(first, "/")
    assert dict(manager.get_participants("/", "dashboard")) == {second: "session 1"}
    assert not any(manager.get_rooms(first, "/")) and manager.sid_from_eio_sid("session 0", "/") is None
    assert set(manager.rooms["/"]) == {None, second, "dashboard"}
    assert manager.is_connected(second, "/") and not manager.pending_disconnect
    manager.disconnect(second, "/")
    assert manager.rooms == {} and manager._joined == {}


def test_who_leaves_amid_its_connecting_is_not_remembered() -> None:
    manager, _ = connected(0)
    sid = manager.pre_connect("session", "/")
    manager.disconnect(sid, "/")
    assert manager.rooms == {} and manager.pending_connect == {}


def test_a_room_that_is_closed_is_left_by_all() -> None:
    manager, sids = connected(3)
    for sid in sids:
        manager.enter_room(sid, "/", "dashboard")
    manager.close_room("dashboard", "/")
    assert not list(manager.get_participants("/", "dashboard")) and manager._joined == {}
    with pytest.raises(ValueError, match="sid room"):
        manager.enter_room(sids[0], "/", sids[1])
    assert manager._joined == {}


def test_both_kinds_of_hubs_have_it(app: Any) -> None:
    assert isinstance(app.extensions["gatehouse"].socketio.server.manager, ClientRooms)
    assert issubclass(RoomManager, ClientRooms)
