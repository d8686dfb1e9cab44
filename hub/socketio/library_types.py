"""The types of python-socketio and python-engineio with the attributes that the hub uses, private ones included.

`hub.socketio.internals` is the module that uses the private ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from hub.socketio.guard import SessionGuard
from hub.socketio.outgoing import OutgoingPackets
from hub.socketio.packet_sender import PacketSender
from hub.socketio.workers import Spawn


class EngineIoSession(Protocol):
    """`engineio.Socket`: one connection, polling until it is `upgraded` to a WebSocket."""

    server: Any
    sid: str
    queue: OutgoingPackets
    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool
    last_ping: float | None  # epoch seconds; None while none is in flight
    sender: PacketSender | None  # the hub's own, of a WebSocket

    def send(self, packet: Any) -> None: ...

    def receive(self, packet: Any) -> None: ...

    def check_ping_timeout(self) -> bool: ...

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None: ...


class EngineIoServer(Protocol):
    """`engineio.Server`."""

    sockets: dict[str, EngineIoSession]
    handlers: dict[str, Callable[..., Any]]
    create_queue: Callable[[], OutgoingPackets]
    ping_interval: float
    guard: SessionGuard  # this one and the next two are the hub's own
    spawn: Spawn
    pings: Any
    _async: dict[str, Any]

    def on(self, event: str, handler: Callable[..., Any]) -> Any: ...


class Manager(Protocol):
    """`socketio.Manager`: which clients there are, and their rooms."""

    def get_participants(self, namespace: str, room: str) -> Iterator[tuple[str, str]]: ...

    def sid_from_eio_sid(self, session: str, namespace: str) -> str | None: ...

    def is_connected(self, sid: str, namespace: str) -> bool: ...


class SocketIoServer(Protocol):
    """`socketio.Server`."""

    eio: EngineIoServer
    manager: Manager
    environ: dict[str, dict[str, Any]]
    start_background_task: Callable[..., Any]
    _binary_packet: dict[str, Any]

    # documented
    def on(self, event: str, handler: Callable[..., Any]) -> Any: ...

    def emit(self, event: str, data: Any = None, *, room: str | None = None) -> None: ...

    def enter_room(self, sid: str, room: str) -> None: ...

    def leave_room(self, sid: str, room: str) -> None: ...

    def get_environ(self, sid: str) -> Any: ...  # dict of the request that opened the connection


class SocketIoApp(Protocol):
    """`flask_socketio.SocketIO`, of which only the server is used."""

    server: SocketIoServer
