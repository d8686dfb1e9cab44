"""Small servers for the tests of the uplink: REST, WebSocket, and a proxy in front of a hub."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import socketio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Request, TextMessage

from tests.support.tcp_server import relay, serving

Answering = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


@contextmanager
def rest_server(answer: Answering, port: int = 0) -> Iterator[str]:
    """Takes POST /api/captures only: `answer(fields)` gives status, headers and body. Everything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(404, {}, b"not here")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/api/captures":
                self._say(404, {}, b"not here")
                return
            text = body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0]
            self._say(*answer(json.loads(text)))

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            if status == 0:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with serving(Handler, port) as number:
        yield f"http://127.0.0.1:{number}"


class _WsgiServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some of these tests are about."""


class _WsgiHandler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def socketio_server(acknowledge: Callable[[dict[str, Any]], Any], answer: Answering | None = None) -> Iterator[str]:
    """A Socket.IO server (long polling): `acknowledge(fields)` is the reply to a `capture_result`; pictures are left
    out. `answer`: the same for POST /api/captures, else 404."""
    server = socketio.Server(async_mode="threading", allow_upgrades=False)
    server.on("connect", lambda sid, environ: None)
    server.on("capture_result", lambda sid, data: acknowledge(_without_pictures(data)))

    def rest(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        status, headers, body = 404, {}, b"not here"
        if answer is not None and environ["PATH_INFO"] == "/api/captures":
            sent = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            status, headers, body = answer(json.loads(sent.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0]))
        start_response(f"{status} said", [("Content-Length", str(len(body))), *headers.items()])
        return [body]

    wsgi = _WsgiServer(("127.0.0.1", 0), _WsgiHandler)
    wsgi.set_app(socketio.WSGIApp(server, rest))
    thread = threading.Thread(target=wsgi.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{wsgi.server_port}"
    finally:
        wsgi.shutdown()
        thread.join(5)
        wsgi.server_close()
        server.shutdown()


def _without_pictures(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if not isinstance(value, bytes)}


@contextmanager
def full_disk(pid: int) -> Iterator[None]:
    """No file of a process may grow meanwhile. Linux only."""
    import resource

    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


class Peer:
    """The server's end of one WebSocket connection."""

    def __init__(self, link: socket.socket, frames: WSConnection) -> None:
        self._link, self._frames = link, frames

    def say(self, text: str) -> None:
        self._link.sendall(self._frames.send(TextMessage(text)))

    def ping(self) -> None:
        self._link.sendall(self._frames.send(Ping()))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._link.sendall(self._frames.send(CloseConnection(code, reason)))

    def cut(self) -> None:
        self._link.shutdown(socket.SHUT_RDWR)


@contextmanager
def websocket_server(on_message: Callable[[Peer, dict[str, Any]], None]) -> Iterator[str]:
    """A WebSocket server that gives every JSON message to `on_message` and joins in a close."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            frames, peer, text = WSConnection(ConnectionType.SERVER), None, ""
            while data := self.request.recv(65536):
                frames.receive_data(data)
                for event in frames.events():
                    if isinstance(event, Request):
                        self.request.sendall(frames.send(AcceptConnection()))
                        peer = Peer(self.request, frames)
                    elif isinstance(event, (TextMessage, BytesMessage)):
                        text += event.data
                        if event.message_finished:
                            on_message(peer, json.loads(text))
                            text = ""
                    elif isinstance(event, CloseConnection):
                        if frames.state.name == "REMOTE_CLOSING":
                            self.request.sendall(frames.send(event.response()))
                        return

    with serving(Handler) as port:
        yield f"ws://127.0.0.1:{port}"


@contextmanager
def proxy(target: int, allow: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """A TCP proxy in front of 127.0.0.1:target. `allow(first bytes of a connection)`: None lets it through, bytes are
    the answer instead (b"" : never any)."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(65536)
            said = allow(head)
            if said is not None:
                if said:
                    self.request.sendall(said)
                else:
                    while self.request.recv(65536):
                        pass
                return
            with socket.create_connection(("127.0.0.1", target)) as behind:
                behind.sendall(head)
                relay(self.request, behind)

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"
