"""The parts of python-socketio and python-engineio that are private, or undocumented in what the hub relies on.

Nothing else in the hub touches them. Both libraries are pinned in requirements.txt, and
tests/hub/socketio/test_internals.py fails where another version changes what is used here. A *session* is one Engine.IO
connection and its id, a *sid* the id of its client in the default namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from engineio import exceptions
from engineio.packet import MESSAGE, NOOP, Packet
from engineio.payload import Payload
from engineio.socket import Socket
from socketio import packet as socketio_packet

from hub.websocket.frames import Prepared, prepare

NAMESPACE = "/"
# python-engineio answers a poll with every queued packet; its own client refuses more than 16 in one answer and drops
# the connection (docs/wire/lpr.md 7.7). So a poll is answered with at most 16, and the next poll with the rest.
MAX_POLL_PACKETS = 16
MAX_POST_PACKETS = 1000  # python-engineio's 16 would reject every record of a camera that posts its backlog at once

SocketIoPacket = socketio_packet.Packet
EVENT_TYPES = (socketio_packet.EVENT, socketio_packet.BINARY_EVENT)
UNKNOWN_TYPE = 7  # the first packet type that Engine.IO does not have

SessionClosed = exceptions.SocketIsClosedError
MessageHandler = Callable[[str, str | bytes], None]  # (session, message)


class PacketQueue(Protocol):
    """The outgoing packets of a session."""

    def qsize(self) -> int: ...

    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...

    def put(self, item: Any) -> None: ...

    def task_done(self) -> None: ...


class EngineIoSession(Protocol):
    """`engineio.Socket`: one connection, polling until it is `upgraded` to a WebSocket."""

    server: Any
    queue: PacketQueue
    upgraded: bool
    closed: bool

    def send(self, packet: Any) -> None: ...


class EngineIoServer(Protocol):
    """`engineio.Server`."""

    sockets: dict[str, EngineIoSession]
    handlers: dict[str, Callable[..., Any]]

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


# -- the server


def spawn_events_with(server: SocketIoServer, spawn: Callable[..., Any]) -> None:
    """Run event handlers by `spawn(function, *args)` instead of in a new greenlet each. Only events come this way."""
    server.start_background_task = spawn


def set_message_handler(server: SocketIoServer, handler: MessageHandler) -> None:
    """Call `handler` for every message of a session instead of python-socketio."""
    server.eio.on("message", handler)


def message_handler(server: SocketIoServer) -> MessageHandler:
    """The function that receives every message of a session."""
    return server.eio.handlers["message"]


def bound_polls() -> None:
    """Apply MAX_POLL_PACKETS and MAX_POST_PACKETS to every server of this process. Calling it twice does no harm."""
    Socket.poll = _poll
    Payload.max_decode_packets = MAX_POST_PACKETS


def tolerate_malformed_packets() -> None:
    """Let a packet that cannot be decoded be an unknown packet, for every server of this process.

    python-engineio logs a traceback for each instead. Calling it twice does no harm.
    """
    Packet.decode = _decode
    Socket.handle_post_request = _handle_post_request


_library_decode = Packet.decode
_library_handle_post_request = Socket.handle_post_request


def _decode(self: Any, encoded_packet: str | bytes) -> None:
    """Replace `engineio.Packet.decode`."""
    try:
        _library_decode(self, encoded_packet)
    except (ValueError, RecursionError):  # binascii.Error among them
        self.packet_type, self.data, self.binary = UNKNOWN_TYPE, None, False


def _handle_post_request(self: Any, environ: dict[str, Any]) -> None:
    """Replace `engineio.Socket.handle_post_request`: a payload that cannot be decoded is answered with 400.

    The session ends before, since the library would wait until its client has fetched every queued packet.
    """
    try:
        _library_handle_post_request(self, environ)
    except (ValueError, KeyError, exceptions.UnknownPacketError) as error:
        self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
        raise exceptions.UnknownPacketError() from error


def _poll(self: EngineIoSession) -> list[Any]:
    """Replace `engineio.Socket.poll`: wait for the first packet and return at most MAX_POLL_PACKETS."""
    empty = self.server.get_queue_empty_exception()
    packets: list[Any] = []
    timeout = self.server.ping_interval + self.server.ping_timeout
    while len(packets) < MAX_POLL_PACKETS:
        try:
            packet = self.queue.get(block=not packets, timeout=None if packets else timeout)
        except empty as error:
            if packets:
                break
            raise exceptions.QueueEmpty() from error
        self.queue.task_done()
        if packet is None:
            if packets:
                self.queue.put(None)  # the end of the session comes after the packets before it
            break
        packets.append(packet)
    return packets


# -- clients and rooms


def connected_sid(server: SocketIoServer, session: str) -> str | None:
    """The client of a session in the default namespace, None unless it is connected there."""
    sid = server.manager.sid_from_eio_sid(session, NAMESPACE)
    return sid if sid is not None and server.manager.is_connected(sid, NAMESPACE) else None


def is_connected(server: SocketIoServer, sid: str) -> bool:
    """Whether a client is connected to the default namespace, and neither connecting nor disconnecting."""
    return server.manager.is_connected(sid, NAMESPACE)


def has_participants(server: SocketIoServer, room: str) -> bool:
    """Whether anybody is in a room."""
    return any(True for _ in server.manager.get_participants(NAMESPACE, room))


def participants(server: SocketIoServer, room: str) -> list[str]:
    """The sessions of the clients in a room."""
    return [session for _, session in server.manager.get_participants(NAMESPACE, room)]


def pending_binary(server: SocketIoServer, session: str) -> bool:
    """Whether the next message of a session is an attachment of the event before it."""
    return session in server._binary_packet


def session_environ(server: SocketIoServer, session: str) -> dict[str, Any]:
    """The WSGI environment of the request that opened a session."""
    return server.environ[session]


# -- sessions


def connection_count(server: SocketIoServer) -> int:
    """Open sessions, of every transport."""
    return len(server.eio.sockets)


def drop_pending_binary(server: SocketIoServer, session: str) -> None:
    """Forget an event that waits for its attachments."""
    server._binary_packet.pop(session, None)


def engineio_session(server: SocketIoServer, session: str) -> EngineIoSession | None:
    """A session by its id, None when it has ended."""
    found = server.eio.sockets.get(session)
    return None if found is None or found.closed else found


def is_upgraded(session: EngineIoSession) -> bool:
    """Whether a session is a WebSocket; otherwise it polls."""
    return session.upgraded


def queued_packets(session: EngineIoSession) -> int:
    """How many packets are queued for a session."""
    return session.queue.qsize()


def send_text(session: EngineIoSession, text: str) -> None:
    """Queue a Socket.IO packet, behind what is queued already. Raises SessionClosed."""
    session.send(Packet(MESSAGE, data=text))


def send_frames(session: EngineIoSession, texts: list[str]) -> None:
    """The same for several packets of a WebSocket session, which then go out in one write. Raises SessionClosed."""
    packet = Packet(MESSAGE)
    packet.encode_cache = frames_of(texts)
    session.send(packet)


def frames_of(texts: list[str]) -> Prepared:
    """Socket.IO packets as ready WebSocket frames of Engine.IO messages."""
    return Prepared(b"".join(prepare(f"{MESSAGE}{text}") for text in texts))


def answer_polls(server: SocketIoServer) -> None:
    """Answer every poll in progress with an empty packet.

    It would otherwise last 25 s. Told that its session is over, a python-socketio client would never reconnect.
    """
    for session in list(server.eio.sockets.values()):
        if not session.upgraded and not session.closed:
            session.send(Packet(NOOP))
