"""The response of an HTTP connection: WSGI's start_response and write, headers, chunked encoding.

pywsgi contributes the validation of what an application answers; what is sent, and when the connection closes, is ours.
"""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from time import time
from typing import Any, Protocol

import gevent.socket
from gevent.event import Event
from gevent.pywsgi import WSGIHandler
from gevent.ssl import SSLContext
from geventwebsocket.handler import WebSocketHandler

from hub.http.connections import Connections
from hub.http.options import ServerOptions
from hub.http.worker_relay import WorkerRelay
from hub.net.connection_input import ConnectionInput
from hub.net.http_error import HttpError
from hub.net.transport import PeerStalled, send_all
from hub.net.wsgi import JsonHeaders
from hub.runtime.budget import Budget, OverBudget
from hub.websocket.keepalive import KeepAliveMonitor

# Up to this size head and body are copied into one packet.
JOIN_BYTES = 128 * 1024
ENDLESS = b"multipart/x-mixed-replace"
RETRY_AFTER = "3"


class Server(Protocol):
    """What a connection needs of `hub.http.server.HubServer`."""

    options: ServerOptions
    budget: Budget
    connections: Connections
    stopping: Event
    keepalive: KeepAliveMonitor
    tls: SSLContext | None
    relay: WorkerRelay | None


SECURITY = (
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Of every answer; pages have a Content-Security-Policy of their own (hub.http.page)."""
HSTS = (b"Strict-Transport-Security", b"max-age=31536000")
JSON_HEAD = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nDate: %b\r\n%b\r\n"
PLAIN_END = b"".join(b"%b: %b\r\n" % pair for pair in SECURITY)
TLS_END = PLAIN_END + b"%b: %b\r\n" % HSTS


@lru_cache(maxsize=4)
def _date(second: int) -> bytes:
    """The Date header of one second."""
    return formatdate(second, usegmt=True).encode()


class ResponseWriter(WebSocketHandler):  # type: ignore[misc]  # gevent-websocket has no type hints
    """Sends what the application answers to the request that `hub.http.connection.ConnectionHandler` has read.

    The attributes below belong to pywsgi's handler, whose type stubs give some of them other types than they have.
    """

    options: ServerOptions
    owner: Server
    budget: Budget
    input: ConnectionInput
    socket: gevent.socket.socket
    client_address: tuple[Any, ...]
    status: Any  # bytes, None until the application answers
    _orig_status: str | None
    result: Any
    response_headers: list[tuple[bytes, bytes]]
    _endless = False
    _json: tuple[str, JsonHeaders] | None = None  # status and headers that are encoded together when they are sent

    def process_result(self) -> None:
        """Send the application's answer; nothing when the connection became a WebSocket."""
        for data in self.result:
            if data:
                self.write(data)
        if self.connection_upgraded:
            return
        if not self.status:
            raise RuntimeError("the application answered without a status")
        if not self.headers_sent:
            self.write(b"")
        if self.response_use_chunked and self.command != "HEAD":
            self._sendall(b"0\r\n\r\n")

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's start_response; without effect after a WebSocket handshake."""
        if self.connection_upgraded:
            return self.write
        self._json = None
        if type(headers) is JsonHeaders and exc_info is None and self.request_version == "HTTP/1.1":
            self._json, self._orig_status = (status, headers), status
            self.status, self.code = status.encode("latin-1"), int(status[:3])
            return self.write
        return WSGIHandler.start_response(self, status, headers, exc_info)

    def finalize_headers(self) -> None:
        """Add Date and the framing of the body: a length, chunked encoding, or the end of the connection.

        An endless answer (motion JPEG) is not chunked: that would copy each frame for each viewer.
        """
        self._endless = False
        if self.provided_date is None:
            self.response_headers.append((b"Date", _date(int(time()))))
        self._add_security_headers()
        if self.provided_content_length is None and self.code not in (204, 304):
            if hasattr(self.result, "__len__"):
                self.response_headers.append((b"Content-Length", b"%d" % sum(len(chunk) for chunk in self.result)))
            elif any(
                name.lower() == b"content-type" and value.startswith(ENDLESS) for name, value in self.response_headers
            ):
                self.close_connection = self._endless = True
            elif self.request_version != "HTTP/1.0":
                self.response_use_chunked = True
                self.response_headers.append((b"Transfer-Encoding", b"chunked"))
            else:  # HTTP/1.0 knows no chunks: the body ends with the connection
                self.close_connection = True
                kept = [pair for pair in self.response_headers if pair[0].lower() != b"connection"]
                self.response_headers = kept

    def _add_security_headers(self) -> None:
        """What keeps browsers from using an answer as something else, where the application has not said it."""
        named = {name.lower() for name, _ in self.response_headers}
        self.response_headers += [pair for pair in SECURITY if pair[0].lower() not in named]
        if self.owner.tls is not None:
            self.response_headers.append(HSTS)

    def write(self, data: bytes) -> None:
        """WSGI's write()."""
        if self.connection_upgraded:
            return
        if self._json is not None and not self.headers_sent:
            self._write_with_headers(data)
        else:
            WSGIHandler.write(self, data)

    def _write(self, data: bytes) -> None:
        if not data or self.command == "HEAD":
            return
        try:
            counted = self._count(data)
        except OverBudget as error:
            raise PeerStalled("reads too slowly while the hub has as much in memory as it may have") from error
        try:
            self._sendall(b"%x\r\n%b\r\n" % (len(data), data) if self.response_use_chunked else data)
        finally:
            if counted:
                self.budget.give_back(counted)

    def _count(self, data: bytes) -> int:
        """Count a large part of an answer in the budget until it is sent; the number of bytes. Raises OverBudget.

        Parts of endless answers are shared by their viewers and are not counted. One answer counts at most as much as
        the largest body, so that any answer can be sent by a hub that has nothing else to do.
        """
        if len(data) <= JOIN_BYTES or self._endless:
            return 0
        counted = min(len(data), self.options.max_body_bytes)
        self.budget.take(counted)
        return counted

    def _write_with_headers(self, data: bytes) -> None:
        """Send head and body, in one packet where the body is small: each packet costs a system call and a wake-up.

        Raises `HttpError` where the body does not fit into the budget now.
        """
        self._endless = False
        if self._json is not None and self._sent_json(*self._json, data):
            return
        if len(data) <= JOIN_BYTES or self.command == "HEAD":
            self._send_with_head(data)
            return
        try:
            counted = self._count(data)
        except OverBudget as error:
            message = "The hub is sending as much as it may have in memory; ask again in some seconds."
            raise HttpError(503, message, (("Retry-After", RETRY_AFTER),)) from error
        try:
            self._send_with_head(data)
        finally:
            self.budget.give_back(counted)

    def _sent_json(self, status: str, headers: JsonHeaders, data: bytes) -> bool:
        """Send a whole small JSON answer; False, with the headers as usual, where anything about it is special."""
        ends = self.close_connection or self.owner.stopping.is_set()
        if ends or len(data) != headers.length or headers.length > JOIN_BYTES or self.command == "HEAD":
            WSGIHandler.start_response(self, status, headers)
            return False
        self.headers_sent = True
        end = PLAIN_END if self.owner.tls is None else TLS_END
        self._sendall(JSON_HEAD % (self.status, len(data), _date(int(time())), end) + data)
        return True

    def _send_with_head(self, data: bytes) -> None:
        self.headers_sent = True
        self.finalize_headers()
        if self.close_connection or self.owner.stopping.is_set():
            self.close_connection = True
            if not any(name.lower() == b"connection" for name, _ in self.response_headers):
                self.response_headers.append((b"Connection", b"close"))
        head = b"HTTP/1.1 %b\r\n%b\r\n" % (
            self.status,
            b"".join(b"%b: %b\r\n" % pair for pair in self.response_headers),
        )
        if self.command == "HEAD" or not data:
            self._sendall(head)
        elif self.response_use_chunked:
            self._sendall(b"%b%x\r\n%b\r\n" % (head, len(data), data))
        elif len(data) <= JOIN_BYTES:
            self._sendall(head + data)
        else:
            self._sendall(head)
            self._sendall(data)

    def _sendall(self, data: bytes) -> None:
        budget = None if self._endless or len(data) > JOIN_BYTES else self.budget
        send_all(self.socket, data, self.options.send_stall_seconds, self.input.time_slice, budget)
        self.response_length += len(data)
