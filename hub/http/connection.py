"""One HTTP connection: read a request, call the application, keep the connection alive or close it.

The base class is gevent-websocket's handler, itself pywsgi's (see `hub.http.response`). Reading requests, limits,
errors and everything about WebSocket is ours: theirs have no limits and answer errors with HTML, plain text or nothing.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from time import time
from typing import Any, Protocol, cast

import gevent
from gevent.ssl import SSLContext

from hub.access.claims import LATE_BODY, LATE_BYTES, LATE_SECONDS
from hub.http.environ import add_request, address_text
from hub.http.head_reader import HeadReader
from hub.http.options import MEGABYTE
from hub.http.request_body import RequestBody, too_large
from hub.http.request_head import HeadParser, RequestHead
from hub.http.request_input import body_to_come, wsgi_input
from hub.http.response import ResponseWriter, Server
from hub.net.connection_input import ConnectionInput
from hub.net.http_error import HttpError, error_response
from hub.net.tls import PlainText, accept_tls, end_tls, has_input
from hub.net.transport import PeerDisconnected, linger, send_all, set_socket_options
from hub.runtime.budget import OverBudget
from hub.websocket.connection import WebSocket, WebSocketClosed
from hub.websocket.frames import INTERNAL_ERROR
from hub.websocket.handshake import VERSION, check_upgrade, switching_protocols, wants_websocket

log = logging.getLogger(__name__)

# An unread rest of a body up to this size is read and dropped, so that the connection can be kept alive.
KEEP_ALIVE_BYTES = 256 * 1024
LINGER_SECONDS = 30.0
LINGER_BYTES = 1024 * 1024 * 1024
SHORT_LINGER_SECONDS = 2.0
COMPRESSED = "Compressed request bodies are not taken; send the body as it is, without Content-Encoding."
NEEDS_TLS = "This port speaks TLS; use https:// or wss:// in the address."


class Listening(Protocol):
    """What a connection needs of `hub.http.server.Listener`."""

    name: str
    application: Callable[..., Any]

    @property
    def owner(self) -> Server: ...

    def get_environ(self) -> dict[str, Any]: ...


class ConnectionHandler(ResponseWriter):
    """Serves one connection of a `hub.http.server.Listener`."""

    server: Listening

    def __init__(
        self, sock: gevent.socket.socket, address: tuple[Any, ...], server: Listening, relayed: bool = False
    ) -> None:
        """`relayed`: another worker has accepted the connection of `address`, and passes on what is said there."""
        self.relayed = relayed
        owner = server.owner
        # Twice the largest body or message: one that is answered while the next one comes.
        largest = max(owner.options.max_body_bytes, owner.options.max_message_bytes)
        self.budget = owner.budget.child("connection", 2 * largest + MEGABYTE)
        self.input = ConnectionInput(sock, self.budget)
        super().__init__(sock, address, server, rfile=self.input)
        self.owner = owner
        self.peer_address = address_text(address)
        self.options = self.owner.options
        self.greenlet = cast("gevent.Greenlet[..., Any]", gevent.getcurrent())
        self.head: RequestHead | None = None
        self.body: RequestBody | None = None
        self.websocket: WebSocket | None = None
        self._heads = HeadReader(self.input, self.options)
        self._parser = HeadParser()

    @property
    def idle(self) -> bool:
        """True between two requests."""
        return self._heads.idle

    def handle(self) -> None:
        """Serve requests until either side ends the connection."""
        try:
            if not self.relayed:
                set_socket_options(self.socket)
            if self.owner.tls is not None and not self.relayed and not self._begin_tls(self.owner.tls):
                return
            while self.handle_one_request() and not self.owner.stopping.is_set():
                self.input.time_slice.check()
            self._linger()
        except PeerDisconnected as error:
            log.debug("Connection of %s: %s", self.client_address[0], error)
        finally:
            end_tls(self.socket)
            self.socket.close()
            self.budget.close()

    def _begin_tls(self, context: SSLContext) -> bool:
        """Make the handshake; False after the answer to a plain HTTP request. Raises `PeerDisconnected`."""
        self.owner.connections.set_idle(self)
        try:
            self.socket = self.input.sock = accept_tls(self.socket, context, self.options.head_seconds)
            return True
        except PlainText:
            # Not 400, which tells senders that the record itself is at fault and will never be accepted.
            self._send_error(HttpError(426, NEEDS_TLS, (("Upgrade", "TLS/1.2, HTTP/1.1"),)))
            linger(self.socket, SHORT_LINGER_SECONDS, KEEP_ALIVE_BYTES)
            return False

    def handle_one_request(self) -> bool:
        """Serve one request; True when another may follow on this connection."""
        self.head = self.body = self.websocket = None
        self.headers_sent = self.response_use_chunked = self.connection_upgraded = False
        self.status = self._orig_status = self.result = self._json = None
        self.response_length = self.code = 0
        self.requestline = ""
        try:
            self.owner.connections.set_idle(self)
            raw = self._heads.read()
            self.owner.connections.set_busy(self)
            if raw is None:
                return False
            head = self._parser.parse(raw)
            if self._is_handed_over(head.target, raw):
                return False
            self._begin_request(head)
        except HttpError as error:
            self._send_error(error)
            self._log_request()
            return False
        self._respond(head)
        return not self.close_connection

    def _is_handed_over(self, target: str, raw: bytes) -> bool:
        """Let the worker serve the connection that has the session of its request; whether it did. Raises HttpError."""
        relay = self.owner.relay
        number = relay.other(target) if relay is not None else 0
        if relay is None or not number:
            return False
        self.connection_upgraded = True  # nothing more is read or answered here
        data = raw + bytes(self.input.buffer)
        self.input.buffer.clear()
        relay.hand_over(number, self.socket, self.server.name, self.client_address, data)
        return True

    # -- reading a request

    def _begin_request(self, head: RequestHead) -> None:
        """Set the attributes that pywsgi's code reads, and build the body and the environment."""
        self.head = head
        self.command, self.path, self.request_version = head.method, head.target, head.version
        self.requestline = head.line
        self.close_connection = not head.keep_alive
        self.body = body_to_come(self.input, head, self.options, self._send_continue)
        self.application = self.server.application
        environ = self.environ = self.server.get_environ()
        add_request(environ, head, self.client_address)
        environ["wsgi.input"] = wsgi_input(self.input, head, self.body)
        environ["wsgi.input_terminated"] = True
        environ["gatehouse.socket"] = self.socket
        environ["gatehouse.budget"] = self.budget

    def _send_continue(self) -> None:
        data = b"HTTP/1.1 100 Continue\r\n\r\n"
        send_all(self.socket, data, self.options.send_stall_seconds, self.input.time_slice)

    # -- answering

    def _respond(self, head: RequestHead) -> None:
        """Call the application and send its answer, or the JSON error that fits the failure."""
        try:
            if head.content_length is not None and head.content_length > self.options.max_body_bytes:
                raise too_large(self.options.max_body_bytes)
            if self.environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
                raise HttpError(415, COMPRESSED)
            self._call_application(head)
        except HttpError as error:
            self._send_error(error)
        except PeerDisconnected:
            self.close_connection = True
            raise
        except WebSocketClosed as error:
            # The application was sending when the peer closed; that is no failure.
            log.debug("%s: %s", self.requestline, error)
        except Exception as error:  # the last place where an application's error can become an answer
            self._answer_failure(error)
        finally:
            if self.websocket:
                self.websocket.finish()
                # Reference cycles: a connection that was open for long is freed when it ends, not by the collector.
                del self.environ["wsgi.websocket"]
                self.websocket = None
            self._log_request()
        late_body = self.environ.get(LATE_BODY)
        self.environ = {}  # the application's input and what it has read
        if self.input.counted:
            with contextlib.suppress(OverBudget):
                self.input.count_buffer()
        if self.body:
            self.body.release()
            if late_body is not None:
                late_body(self.body.beginning(LATE_BYTES, LATE_SECONDS))
            if not self.body.finished and not self.body.discard(KEEP_ALIVE_BYTES):
                self.close_connection = True

    def _call_application(self, head: RequestHead) -> None:
        """Call the application. Raises `HttpError` for a request that it cannot answer."""
        self._offer_websocket(head)
        try:
            self.result = self.application(self.environ, self.start_response)
            if self.body and self.body.error and not self.headers_sent:
                raise self.body.error
            self.process_result()
        finally:
            result, self.result = self.result, None
            if hasattr(result, "close"):
                result.close()

    def _answer_failure(self, error: Exception) -> None:
        if self.body and self.body.error:
            self._send_error(self.body.error)
            return
        log.error("%s failed.", self.requestline, exc_info=error)
        if self.websocket and self.connection_upgraded:
            self.websocket.close(INTERNAL_ERROR, "The hub failed; its log says why.")
        self._send_error(HttpError(500, "The hub failed to answer this request; its log says why."))

    def _send_error(self, error: HttpError) -> None:
        """Send the JSON error and close; only close when an answer has begun already."""
        self.close_connection = True
        if self.headers_sent:
            return
        self.headers_sent = True
        self._orig_status = str(error.status)
        response = error_response(error, with_body=self.command != "HEAD" or not self.head)
        try:
            self._sendall(response)
        except PeerDisconnected as reason:
            log.debug("Connection of %s: %s", self.client_address[0], reason)

    def has_input(self) -> bool:
        """True when bytes of another request have arrived and are not read yet."""
        return bool(self.input.buffer) or has_input(self.socket)

    def _linger(self) -> None:
        """Before closing, let a peer that may still be sending read its answer."""
        if self.connection_upgraded or (self.head and not self.body):
            return
        # Without end_tls: OpenSSL reads nothing more after it where application data is still to come.
        if self.body and not self.body.finished:
            linger(self.socket, LINGER_SECONDS, LINGER_BYTES)
        elif not self.head and not self._heads.idle:
            linger(self.socket, SHORT_LINGER_SECONDS, LINGER_BYTES)

    def _log_request(self) -> None:
        if log.isEnabledFor(logging.DEBUG):
            status = (self._orig_status or "-").split(" ")[0]
            log.debug(
                '%s:%s "%s" %s %d bytes %.1f ms',
                self.client_address[0],
                self.server.name,
                self.requestline or "-",
                status,
                self.response_length,
                (time() - self._heads.began) * 1000,
            )

    # -- WebSocket handshake

    def _offer_websocket(self, head: RequestHead) -> None:
        """Put a WebSocket into the environment of an upgrade request. Raises `HttpError` for an invalid one."""
        if not wants_websocket(self.environ):
            return
        self.close_connection = True
        check_upgrade(self.environ, has_body=self.body is not None or bool(head.content_length))
        self.websocket = WebSocket(
            self.input,
            self.environ,
            self._switch_protocols,
            self.owner.keepalive,
            self.options.max_message_bytes,
            self.options.send_stall_seconds,
            self.options.message_seconds,
        )
        self.environ["wsgi.websocket"] = self.websocket
        self.environ["wsgi.websocket_version"] = VERSION

    def _switch_protocols(self) -> None:
        if self.headers_sent:
            raise PeerDisconnected("it has had a plain HTTP answer already")
        self.headers_sent = self.connection_upgraded = True
        self._orig_status = "101"
        self._sendall(switching_protocols(self.environ, self.GUID))
