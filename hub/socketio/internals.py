"""The parts of python-socketio and python-engineio that are private, or undocumented in what the hub relies on.

Nothing else in the hub touches them but sessions.py. Both libraries are pinned in requirements.txt, and
tests/hub/socketio/test_internals.py and test_library_parts.py fail where another version changes what is used here. A
*session* is one Engine.IO connection and its id, a *sid* the id of its client in the default namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engineio import exceptions
from engineio.packet import MESSAGE, NOOP, Packet
from engineio.payload import Payload
from engineio.socket import Socket
from flask_socketio import SocketIO
from socketio import Manager, RedisManager
from socketio import packet as socketio_packet

from hub.net.wsgi import Environ
from hub.socketio.library_types import EngineIoSession, SocketIoServer
from hub.websocket.frames import Prepared, prepare

NAMESPACE = "/"
# python-engineio answers a poll with every queued packet; its own client refuses more than 16 in one answer and drops
# the connection (docs/wire/lpr.md 7.7). So a poll is answered with at most 16, and the next poll with the rest.
MAX_POLL_PACKETS = 16
MAX_POST_PACKETS = 1000  # python-engineio's 16 would reject every record of a camera that posts its backlog at once

SocketIoPacket = socketio_packet.Packet
FlaskSocketIo = SocketIO
LocalManager, RedisRoomManager = Manager, RedisManager  # of clients of this server, of those of several servers
EVENT_TYPES = (socketio_packet.EVENT, socketio_packet.BINARY_EVENT)

SessionClosed = exceptions.SocketIsClosedError
MessageHandler = Callable[[str, str | bytes], None]  # (session, message)


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


def session_start_handler(server: SocketIoServer) -> Callable[[str, Environ], Any]:
    """The function that is called with a session and the request that opens it."""
    return server.eio.handlers["connect"]


def set_session_start_handler(server: SocketIoServer, handler: Callable[[str, Environ], Any]) -> None:
    """Call `handler` at the beginning of every session instead of python-socketio."""
    server.eio.on("connect", handler)


def session_end_handler(server: SocketIoServer) -> Callable[[str, str], Any]:
    """The function that is called with a session and a reason when it has ended."""
    return server.eio.handlers["disconnect"]


def set_session_end_handler(server: SocketIoServer, handler: Callable[[str, str], Any]) -> None:
    """Call `handler` at the end of every session instead of python-socketio."""
    server.eio.on("disconnect", handler)


def event_of(args: tuple[Any, ...]) -> list[Any] | None:
    """Name and arguments of the event that a function of `spawn_events_with` handles; None for what is no event.

    python-socketio passes the server, the client, the session, the decoded data, the namespace and the id.
    """
    data = args[3]
    return data if isinstance(data, list) and data and isinstance(data[0], str) else None


def bound_polls() -> None:
    """Apply MAX_POLL_PACKETS and MAX_POST_PACKETS to every server of this process. Calling it twice does no harm."""
    Socket.poll = _poll
    Payload.max_decode_packets = MAX_POST_PACKETS


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


def members(server: SocketIoServer, room: str) -> list[str]:
    """The ids, as handlers of events get them, of the clients in a room."""
    return [sid for sid, _ in server.manager.get_participants(NAMESPACE, room)]


def pending_binary(server: SocketIoServer, session: str) -> bool:
    """Whether the next message of a session is an attachment of the event before it."""
    return session in server._binary_packet


def drop_pending_binary(server: SocketIoServer, session: str) -> None:
    """Forget the attachments of an event that is not complete."""
    server._binary_packet.pop(session, None)


def session_environ(server: SocketIoServer, session: str) -> dict[str, Any]:
    """The WSGI environment of the request that opened a session."""
    return server.environ[session]


# -- sessions


def connection_count(server: SocketIoServer) -> int:
    """Open sessions, of every transport."""
    return len(server.eio.sockets)


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


def send_update(session: EngineIoSession, text: str) -> int:
    """Queue an event of a room for a session that polls; how many older ones were dropped for it, itself included.

    Raises SessionClosed.
    """
    if not session.check_ping_timeout():
        return 1
    return session.queue.put_update(Packet(MESSAGE, data=text))


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
