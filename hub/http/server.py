"""The hub's listeners: several ports, one application; limits; an orderly end.

main 5000, apriltag 5100, lpr 8765, images 3000, results 2020 (docs/architecture.md "Ports")
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event
from gevent.pywsgi import LoggingLogAdapter, WSGIServer

from hub.http.connection import Handler
from hub.http.request_head import Refusal, error_answer
from hub.net.ports import (
    LOOPBACK_HOSTS,
    ListenError,
    listen,
    listen_on_loopback_6,
    main_port_refused,
    side_port_refused,
)
from hub.net.transport import PeerGone, Turn, linger, send_all, tune
from hub.websocket.frames import GOING_AWAY
from hub.websocket.keepalive import Keeper, Spawn, plain_spawn

__all__ = ["HubServer", "ListenError", "ServerOptions"]

log = logging.getLogger(__name__)

MAIN = "main"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ServerOptions:
    """What the server needs to know; times in seconds, sizes in bytes, a side port of 0 is off."""

    host: str = "0.0.0.0"
    port: int = 5000
    side_ports: Mapping[str, int] = field(default_factory=dict)
    max_body_bytes: int = 64 * MEGABYTE
    max_message_bytes: int = 64 * MEGABYTE
    max_connections: int = 2000
    max_head_bytes: int = 32 * 1024
    head_seconds: float = 10.0
    keep_alive_seconds: float = 75.0
    body_stall_seconds: float = 20.0
    send_stall_seconds: float = 30.0
    # A board whose camera loop stalls answers a ping late, and one that is dropped may never come back: it has over 60 s
    # (docs/wire/apriltag.md 5.4), and a connection whose other end has vanished is still gone within 90 s.
    ping_seconds: float = 20.0
    idle_seconds: float = 82.0
    close_seconds: float = 3.0


class Listener(WSGIServer):
    """One listening socket of a `HubServer`."""

    handler_class = Handler

    def __init__(self, owner: HubServer, name: str, sock: gevent.socket.socket) -> None:
        self.owner = owner
        self.name = name
        environ = {"gatehouse.listener": name, "SERVER_NAME": sock.getsockname()[0], "wsgi.multithread": True}
        super().__init__(sock, owner.app, log=None, error_log=LoggingLogAdapter(log, logging.ERROR), environ=environ)

    def handle(self, sock: gevent.socket.socket, address: tuple) -> None:
        """Serve one connection in a greenlet of its own."""
        self.owner.serve(self, sock, address)


class HubServer:
    """Serves `app` (a WSGI callable) on the main port and every side port of `options`.

    `open()` binds, `start()` begins to serve, `stop()` ends in order. After `open()`, `ports` maps the name of each
    open listener to its port and `warnings` holds a sentence for each side port that could not be had. `stopping` is
    set when the end has begun: an application that answers without end (video, events) should then end its answers.
    """

    def __init__(self, app: Callable[..., Any], options: ServerOptions, spawn: Spawn = plain_spawn) -> None:
        self.app = app
        self.options = options
        self.stopping = Event()
        self.warnings: list[str] = []
        self.ports: dict[str, int] = {}
        self.refused = 0
        self.keeper = Keeper(options.ping_seconds, options.idle_seconds, options.close_seconds, spawn)
        self._spawn = spawn
        self._listeners: list[Listener] = []
        self._handlers: set[Handler] = set()
        self._all_gone = Event()
        self._ended = Event()

    @property
    def port(self) -> int:
        """The main port, the chosen one where 0 was asked for."""
        return self.ports.get(MAIN, self.options.port)

    def open(self) -> None:
        """Bind every port; raises `ListenError` when the main one cannot be had. Clients may connect, and wait."""
        host = self.options.host
        try:
            self._add(MAIN, listen(host, self.options.port))
        except OSError as error:
            raise main_port_refused(error, host, self.options.port) from error
        for name, port in self.options.side_ports.items():
            if not port:
                continue
            try:
                self._add(name, listen(host, port))
            except OSError as error:
                self.warnings.append(side_port_refused(error, host, port, name))
                log.warning("%s", self.warnings[-1])
        _allow_open_files(self.options.max_connections)

    def _add(self, name: str, sock: gevent.socket.socket) -> None:
        self.ports[name] = sock.getsockname()[1]
        self._listeners.append(Listener(self, name, sock))
        if self.options.host in LOOPBACK_HOSTS:
            twin = listen_on_loopback_6(self.ports[name])
            if twin:
                self._listeners.append(Listener(self, name, twin))

    def start(self) -> None:
        """Begin to serve (binding first where that was not done)."""
        if not self._listeners:
            self.open()
        for listener in self._listeners:
            listener.start()

    def serve_forever(self) -> None:
        """Serve until `stop()` has ended everything."""
        if not any(listener.started for listener in self._listeners):
            self.start()
        self._ended.wait()

    def serve(self, listener: Listener, sock: gevent.socket.socket, address: tuple) -> None:
        """Serve one accepted connection, or refuse it when there are too many."""
        if len(self._handlers) >= self.options.max_connections:
            self.refused += 1
            _refuse_connection(sock)
            return
        handler = Handler(sock, address, listener)
        self._handlers.add(handler)
        try:
            handler.handle()
        finally:
            self._handlers.discard(handler)
            if self.stopping.is_set() and not self._handlers:
                self._all_gone.set()

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "ports": dict(self.ports),
            "warnings": list(self.warnings),
            "connections": len(self._handlers),
            "websockets": len(self.keeper),
            "refused": self.refused,
            "max_connections": self.options.max_connections,
        }

    def stop(self, timeout: float = 5.0) -> None:
        """End in order: accept no more, close WebSockets with 1001, let requests in flight answer, then end the rest.

        Returns after `timeout` seconds at the latest (and a moment for what must be cut).
        """
        if self.stopping.is_set():
            self._ended.wait(timeout)
            return
        deadline = monotonic() + timeout
        self.stopping.set()
        for listener in self._listeners:
            listener.close()
        for websocket in self.keeper:
            self._spawn("websocket closer", websocket.close, GOING_AWAY, "The hub is stopping.")
        for handler in list(self._handlers):
            if handler.waiting and not handler.has_input():
                handler.greenlet.kill(block=False)
        if self._handlers:
            self._all_gone.wait(max(0.0, deadline - monotonic()))
        if self._handlers:
            log.info("%d connections did not end within %g s and are cut.", len(self._handlers), timeout)
            gevent.killall([handler.greenlet for handler in self._handlers], timeout=1.0)
        self.keeper.stop()
        self._ended.set()


def _refuse_connection(sock: gevent.socket.socket) -> None:
    refusal = Refusal(
        503, "The hub has as many connections as it may have; try again in a moment.", (("Retry-After", "2"),)
    )
    try:
        tune(sock)
        send_all(sock, error_answer(refusal), 1.0, Turn())
        linger(sock, 1.0, MEGABYTE)
    except PeerGone:
        pass
    finally:
        sock.close()


def _allow_open_files(connections: int) -> None:
    """Raise the limit on open files so that `connections` fit; systems without such a limit need nothing."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning(
            "Only %d files can be open at once (%s), fewer than the connections the settings allow.", soft, error
        )
