"""Engine.IO sessions within bounds: what the hub does in place of methods of `engineio.Socket`.

Like internals.py this touches private parts of python-engineio, which the same tests watch. The methods are replaced
for every server of this process; the rules are those of one server, and sessions of others have the library's pings and
WebSockets.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from engineio import exceptions
from engineio.packet import CLOSE, MESSAGE, NOOP, PING, PONG, UPGRADE, Packet
from engineio.socket import Socket

from hub.live.queues import QueueFull
from hub.net.wsgi import Environ, announced_length
from hub.socketio.guard import SessionGuard
from hub.socketio.internals import MAX_POST_PACKETS, engineio_session
from hub.socketio.library_types import EngineIoSession, SocketIoServer
from hub.socketio.outgoing import OutgoingPackets
from hub.socketio.packet_sender import PacketSender
from hub.socketio.packets import CheckedWebSocket, address_of, guard_of, posted_packets
from hub.socketio.pings import Pings
from hub.socketio.workers import Spawn
from hub.websocket.connection import WebSocket
from hub.websocket.frames import TRY_LATER

log = logging.getLogger(__name__)

PROBE = "probe"
MESSAGE_TEXT = str(MESSAGE)


def bound_sessions(server: SocketIoServer, guard: SessionGuard, spawn: Spawn) -> Pings:
    """Bound the queues of the server's sessions, handle malformed packets without a traceback in the log.

    Returns the pings of its sessions, whose greenlet is the caller's to run. `spawn` sends what a session does not take
    at once.
    """
    Socket.send = _send
    Socket.close = _close
    Socket.handle_post_request = _handle_post_request
    Socket.schedule_ping = _schedule_ping
    Socket._websocket_handler = _serve_websocket
    Socket.sender = None
    eio = server.eio
    pings = Pings(eio.ping_interval, _ping)
    eio.guard, eio.spawn, eio.pings = guard, spawn, pings
    eio.create_queue = guard.make_queue
    eio._async = {**eio._async, "websocket": CheckedWebSocket}
    return pings


def end_session(session: EngineIoSession, reason: str) -> None:
    """End a session that breaks a rule; a WebSocket is closed with 1013 where that needs no waiting."""
    guard_of(session).note_ended(address_of(session), reason)
    session.close(wait=False, abort=True, reason=session.server.reason.TRANSPORT_ERROR)
    websocket: WebSocket | None = getattr(session, "websocket", None)
    if websocket is not None:
        websocket.drop(TRY_LATER, f"{reason}. Connect again."[:120])


def end_session_by_id(server: SocketIoServer, session: str, reason: str) -> None:
    """The same by the id of a session, which may have ended already."""
    found = engineio_session(server, session)
    if found is not None:
        end_session(found, reason)


def queued_bytes(server: SocketIoServer) -> int:
    """The bytes of the packets that are queued for all sessions."""
    return sum(session.queue.queued_bytes for session in server.eio.sockets.values())


def _send(self: EngineIoSession, pkt: Any) -> None:
    """Replace `engineio.Socket.send`: to a WebSocket at once, and a session whose queue is full is ended."""
    if not self.check_ping_timeout():
        return
    try:
        if self.sender is None:
            self.queue.put(pkt)
        else:
            self.sender.send(pkt)
    except QueueFull as error:
        if pkt.packet_type != CLOSE:
            end_session(self, f"too slow: {error}")


_socket_close = Socket.close


def _close(self: EngineIoSession, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
    """Replace `engineio.Socket.close`: the bytes of the queue are given back, and the server forgets the session."""
    if not self.closed and not self.closing and isinstance(self.queue, OutgoingPackets):
        self.queue.end(keep=self.upgraded or self.upgrading)
    _socket_close(self, wait=wait, abort=abort, reason=reason)
    if self.closed:
        self.server.sockets.pop(self.sid, None)  # python-engineio's own service takes up to 20 s to come round
    if self.sender is not None:
        self.sender.flush()


def _handle_post_request(self: EngineIoSession, environ: Environ) -> None:
    """Replace `engineio.Socket.handle_post_request`: decode one packet after the other.

    A malformed packet ends the session (docs/wire/lpr.md 7.7); the answer is then 400.
    """
    limit = self.server.max_http_buffer_size
    length = announced_length(environ)
    if length is not None and length > limit:
        raise exceptions.ContentTooLongError()
    try:
        body = environ["wsgi.input"].read(limit + 1 if length is None else length)
    except OSError:
        return  # the server answers for a body that is cut or too slow
    if len(body) > limit:
        raise exceptions.ContentTooLongError()
    self.address = environ.get("REMOTE_ADDR", "")  # type: ignore[attr-defined]
    try:
        for text in posted_packets(body, MAX_POST_PACKETS):
            self.receive(Packet(encoded_packet=text))
    except (ValueError, exceptions.UnknownPacketError) as error:
        guard_of(self).note_malformed(address_of(self), str(error) or "a packet of an unknown type")
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)
        raise exceptions.UnknownPacketError() from error


# -- pings

_socket_schedule_ping = Socket.schedule_ping


def _schedule_ping(self: EngineIoSession) -> None:
    """Replace `engineio.Socket.schedule_ping`, which starts a greenlet."""
    if not _is_of_hub(self):
        _socket_schedule_ping(self)
    elif self.last_ping:  # else one is due already
        self.last_ping = None
        self.server.pings.add(self)


def _is_of_hub(session: EngineIoSession) -> bool:
    return hasattr(session.server, "pings")


def _ping(session: EngineIoSession) -> None:
    session.last_ping = time.time()
    session.send(Packet(PING))


# -- WebSockets

_socket_websocket_handler = Socket._websocket_handler


def _serve_websocket(self: EngineIoSession, ws: CheckedWebSocket) -> list[Any]:
    """Replace `engineio.Socket._websocket_handler`, which has a second greenlet for what is sent, and a timer.

    Messages of clients go to the server's handler, and everything else to the library.
    """
    if not _is_of_hub(self):
        return _socket_websocket_handler(self, ws)  # type: ignore[no-any-return]
    if self.connected and not _upgrade(self, ws):
        return []
    self.connected = self.upgraded = True
    self.sender = PacketSender(self.queue, ws.socket, self.server.spawn)
    self.sender.flush()
    try:
        while (data := ws.wait()) is not None and len(data) <= self.server.max_http_buffer_size:
            if type(data) is str and data[0] == MESSAGE_TEXT:
                _on_text(self, data[1:])
            elif not _receive(self, Packet(encoded_packet=data)):
                break
    finally:
        ws.close()
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
        self.sender = None  # the library's service task goes on referring to the session for up to 20 s
    return []


def _on_text(session: EngineIoSession, text: str) -> None:
    """Handle a text message; a fault of the hub at one of them does not end the connection."""
    try:
        session.server.handlers["message"](session.sid, text)
    except Exception:  # the outermost handler of this path: the library has one around its own, too
        log.exception("A message of %s could not be handled.", address_of(session))


def _upgrade(session: EngineIoSession, ws: CheckedWebSocket) -> bool:
    """Let a session that polls go on over its WebSocket; False where the client does not keep to the protocol."""
    session.upgrading = True  # a poll is answered with an empty packet
    try:
        packet = Packet(encoded_packet=ws.wait())
        if packet.packet_type != PING or packet.data != PROBE:
            return False
        ws.send(Packet(PONG, data=PROBE).encode())
        session.queue.put(Packet(NOOP))  # ends the poll in progress
        return bool(Packet(encoded_packet=ws.wait()).packet_type == UPGRADE)
    finally:
        session.upgrading = False


def _receive(session: EngineIoSession, packet: Packet) -> bool:
    """Handle any packet but a text message; False where the session has ended."""
    try:
        session.receive(packet)
    except exceptions.UnknownPacketError:
        pass
    except exceptions.SocketIsClosedError:
        return False
    except Exception:  # as the library does
        log.exception("A packet of %s could not be handled.", address_of(session))
        return False
    return True
