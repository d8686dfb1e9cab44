"""One HTTP connection: read a request, let the application answer, go on or close.

The base is gevent-websocket's handler, itself pywsgi's (see `hub.server_answer`); reading requests, limits, errors and everything
WebSocket is ours, because theirs have no limits and answer mistakes with HTML, plain text or nothing.
"""

from __future__ import annotations

import io
import logging
from socket import MSG_PEEK
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import gevent

from hub.http.request_body import Body, too_large
from hub.http.request_head import TLS_HANDSHAKE, Head, Refusal, end_of_head, environ_key, error_answer, parse_head
from hub.http.response import Answering
from hub.net.transport import PeerGone, Source, linger, send_all, tune
from hub.websocket.connection import WebSocket, WebSocketClosed
from hub.websocket.frames import INTERNAL_ERROR
from hub.websocket.handshake import VERSION, check_upgrade, switching_protocols, wants_websocket

if TYPE_CHECKING:
    from hub.http.server import Listener

log = logging.getLogger(__name__)

KEEP_OPEN_BYTES = 256 * 1024
DRAIN_SECONDS = 30.0
DRAIN_BYTES = 1024 * 1024 * 1024
SHORT_LINGER_SECONDS = 2.0


class Handler(Answering):
    """Serves one connection of a `hub.server.Listener`."""

    def __init__(self, sock: gevent.socket.socket, address: tuple, server: Listener) -> None:
        self.source = Source(sock)
        super().__init__(sock, address, server, rfile=self.source)
        self.options = server.owner.options
        self.owner = server.owner
        self.greenlet = gevent.getcurrent()
        self.waiting = True
        self.head: Head | None = None
        self.body: Body | None = None
        self.websocket: WebSocket | None = None
        self.fresh = True

    def handle(self) -> None:
        """Serve requests until either side ends the connection."""
        try:
            tune(self.socket)
            while self.handle_one_request() and not self.owner.stopping.is_set():
                self.source.turn.check()
            self._leave()
        except PeerGone as error:
            log.debug("Connection of %s: %s", self.client_address[0], error)
        finally:
            self.socket.close()

    def handle_one_request(self) -> bool:
        """Serve one request; True when another may follow on this connection."""
        self.head = self.body = self.websocket = None
        self.headers_sent = self.response_use_chunked = self.connection_upgraded = False
        self.status = self._orig_status = self.result = None
        self.response_length = self.code = 0
        self.requestline = ""
        self.time_finish = 0
        try:
            raw = self._read_head()
            if raw is None:
                return False
            self._adopt(parse_head(raw))
        except Refusal as refusal:
            self._refuse(refusal)
            self._log_request()
            return False
        self.handle_one_response()
        return not self.close_connection

    # -- reading a request

    def _read_head(self) -> bytes | None:
        """The bytes of the next request's head, None when the connection ends before one begins."""
        source, options = self.source, self.options
        self.waiting = True
        try:
            while not source.ahead.lstrip(b"\r\n"):
                source.ahead.clear()
                if not source.fill(options.head_seconds if self.fresh else options.keep_alive_seconds):
                    return None
        except TimeoutError:
            return None  # idle for too long; nothing was asked, so nothing is answered
        self.waiting = self.fresh = False
        self.time_start = time()
        self._skip_empty_lines()
        if source.ahead[0] == TLS_HANDSHAKE:
            raise Refusal(400, "This port speaks plain HTTP; use http:// or ws:// in the address.")
        deadline = monotonic() + options.head_seconds
        searched = 0
        while (end := end_of_head(source.ahead, max(searched - 3, 0))) < 0:
            searched = len(source.ahead)
            if searched > options.max_head_bytes:
                break
            try:
                if not source.fill(deadline - monotonic()):
                    raise Refusal(400, "The request ended in the middle of its headers.")
            except TimeoutError as error:
                raise Refusal(
                    408, f"The headers of the request did not come within {options.head_seconds:g} s."
                ) from error
        if end < 0 or end > options.max_head_bytes:
            raise Refusal(431, f"The headers of the request are longer than {options.max_head_bytes} bytes.")
        raw = bytes(source.ahead[:end])
        del source.ahead[:end]
        return raw

    def _skip_empty_lines(self) -> None:
        ahead = self.source.ahead
        del ahead[: len(ahead) - len(ahead.lstrip(b"\r\n"))]

    def _adopt(self, head: Head) -> None:
        """Take over what pywsgi's half of the work looks at, and build the environment and the body."""
        self.head = head
        self.command, self.path, self.request_version = head.method, head.target, head.version
        self.requestline = head.line
        self.close_connection = not head.keep_alive
        if head.chunked or (head.content_length or 0) > min(len(self.source.ahead), self.options.max_body_bytes):
            self.body = Body(
                self.source,
                None if head.chunked else head.content_length,
                self.options.max_body_bytes,
                self.options.body_stall_seconds,
                self._send_continue if head.expects_continue else None,
            )
        self.application = self.server.application
        self.environ = self.get_environ()

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment of the current request."""
        head = self.head
        env = self.server.get_environ()
        path, _, query = head.target.partition("?")
        env["REQUEST_METHOD"] = head.method
        env["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        env["QUERY_STRING"] = query
        env["RAW_URI"] = env["REQUEST_URI"] = head.target
        env["SERVER_PROTOCOL"] = head.version
        address = str(self.client_address[0])
        # An IPv4 peer seen through an IPv6 listener is still that IPv4 address to every rule about networks.
        env["REMOTE_ADDR"] = address[7:] if address.startswith("::ffff:") and "." in address else address
        env["REMOTE_PORT"] = str(self.client_address[1])
        for name, value in head.headers:
            if "_" in name:
                continue  # "X_Y" and "X-Y" would share a key, so one could pose as the other
            key = environ_key(name)
            if key in env and key != "CONTENT_LENGTH":
                env[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
            else:
                env[key] = value
        env["wsgi.input"] = io.BufferedReader(self.body, 64 * 1024) if self.body else io.BytesIO(self._body_at_hand())
        env["wsgi.input_terminated"] = True
        env["gatehouse.socket"] = self.socket
        return env

    def _body_at_hand(self) -> bytes:
        """A body that came together with its head."""
        length = self.head.content_length or 0
        ahead = self.source.ahead
        body = bytes(ahead[:length])
        del ahead[:length]
        return body

    def _send_continue(self) -> None:
        send_all(self.socket, b"HTTP/1.1 100 Continue\r\n\r\n", self.options.send_stall_seconds, self.source.turn)

    # -- answering

    def handle_one_response(self) -> None:
        """Run the application and send what it answers, or the JSON error that fits what went wrong."""
        try:
            if self.head.content_length is not None and self.head.content_length > self.options.max_body_bytes:
                raise too_large(self.options.max_body_bytes)
            self.run_application()
        except Refusal as refusal:
            self._refuse(refusal)
        except PeerGone:
            self.close_connection = True
            raise
        except WebSocketClosed as error:
            # A door that was about to answer when the other side went; nothing has failed.
            log.debug("%s: %s", self.requestline, error)
        except Exception as error:  # the last place where an application's mistake can become an answer
            self._answer_failure(error)
        finally:
            if self.websocket:
                self.websocket.finish()
                del self.environ["wsgi.websocket"]  # the two hold each other
            self.time_finish = time()
            self._log_request()
        if self.body and not self.body.finished and not self.body.discard(KEEP_OPEN_BYTES):
            self.close_connection = True

    def run_application(self) -> None:
        """Call the application; raises `Refusal` when the request cannot be answered by it."""
        self._offer_websocket()
        try:
            self.result = self.application(self.environ, self.start_response)
            if self.body and self.body.problem and not self.headers_sent:
                raise self.body.problem
            self.process_result()
        finally:
            result, self.result = self.result, None
            if hasattr(result, "close"):
                result.close()

    def _answer_failure(self, error: Exception) -> None:
        if self.body and self.body.problem:
            self._refuse(self.body.problem)
            return
        log.error("%s failed.", self.requestline, exc_info=error)
        if self.connection_upgraded:
            self.websocket.close(INTERNAL_ERROR, "The hub failed; its log says why.")
        self._refuse(Refusal(500, "The hub failed to answer this request; its log says why."))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with the JSON error and close, unless an answer is under way already: then only close."""
        self.close_connection = True
        if self.headers_sent:
            return
        self.headers_sent = True
        self._orig_status = str(refusal.status)
        answer = error_answer(refusal, with_body=self.command != "HEAD" or not self.head)
        try:
            self._sendall(answer)
        except PeerGone as error:
            log.debug("Connection of %s: %s", self.client_address[0], error)

    def has_input(self) -> bool:
        """True when bytes of a next request have arrived but were not read yet."""
        if self.source.ahead:
            return True
        try:
            self.socket.settimeout(0.0)
            return bool(self.socket.recv(1, MSG_PEEK))
        except OSError:
            return False
        finally:
            self.socket.settimeout(None)

    def _leave(self) -> None:
        """Before closing, let a peer that may still be sending read its answer."""
        if self.connection_upgraded or (self.head and not self.body):
            return
        if self.body and not self.body.finished:
            linger(self.socket, DRAIN_SECONDS, DRAIN_BYTES)
        elif not self.head and not self.waiting:
            linger(self.socket, SHORT_LINGER_SECONDS, DRAIN_BYTES)

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
                (time() - self.time_start) * 1000,
            )

    # -- WebSocket handshake

    def _offer_websocket(self) -> None:
        """Put a WebSocket into the environment if the request asks for one; raises `Refusal` when it asks badly."""
        if not wants_websocket(self.environ):
            return
        self.close_connection = True
        check_upgrade(self.environ, has_body=self.body is not None or bool(self.head.content_length))
        options = self.options
        self.websocket = WebSocket(
            self.source,
            self.environ,
            self._switch_protocols,
            self.owner.keeper,
            options.max_message_bytes,
            options.send_stall_seconds,
        )
        self.environ["wsgi.websocket"] = self.websocket
        self.environ["wsgi.websocket_version"] = VERSION

    def _switch_protocols(self) -> None:
        if self.headers_sent:
            raise PeerGone("it has had a plain HTTP answer already")
        self.headers_sent = self.connection_upgraded = True
        self._orig_status = "101"
        self._sendall(switching_protocols(self.environ, self.GUID))
