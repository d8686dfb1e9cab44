"""The hub's listeners: several ports for one application, a limit on connections, an orderly shutdown.

Default ports: docs/architecture.md "Ports".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event
from gevent.pywsgi import LoggingLogAdapter, WSGIServer
from gevent.ssl import SSLContext

from hub.http.connection import ConnectionHandler
from hub.http.connections import Connections
from hub.http.environ import address_text
from hub.http.options import MEGABYTE, ServerOptions
from hub.http.worker_relay import WorkerRelay
from hub.net.http_error import HttpError, error_response
from hub.net.ports import (
    LOOPBACK_HOSTS,
    ListenError,
    listen,
    listen_on_loopback_6,
    main_port_refused,
    side_port_refused,
)
from hub.net.transport import PeerDisconnected, linger, send_all, set_socket_options
from hub.runtime.budget import Budget
from hub.runtime.spawn import Spawn, plain_spawn
from hub.runtime.time_limit import time_limit
from hub.runtime.time_slice import TimeSlice
from hub.websocket.frames import GOING_AWAY
from hub.websocket.keepalive import KeepAliveMonitor

__all__ = ["HubServer", "ListenError", "ServerOptions"]

log = logging.getLogger(__name__)

MAIN = "main"
CUT_SECONDS = 1.0  # for connections that are cut at the end of `stop`
MAX_REFUSING = 100  # connections that are being refused with an answer; others are closed at once


class Listener(WSGIServer):
    """One listening socket of a `HubServer`."""

    handler_class = ConnectionHandler

    def __init__(self, owner: HubServer, name: str, sock: gevent.socket.socket) -> None:
        self.owner = owner
        self.name = name
        environ = {
            "gatehouse.listener": name,
            "SERVER_NAME": sock.getsockname()[0],
            "wsgi.multithread": True,
            # Here and not in `base_env`, where gevent sets it after a look at its own TLS, which is not used.
            "wsgi.url_scheme": "http" if owner.tls is None else "https",
        }
        super().__init__(sock, owner.app, log=None, error_log=LoggingLogAdapter(log, logging.ERROR), environ=environ)

    def handle(self, sock: gevent.socket.socket, address: Any) -> None:
        """Serve one connection in a greenlet of its own."""
        self.owner.serve(self, sock, address)


class HubServer:
    """Serves `app` (a WSGI callable) on the main port and every side port of `options`, with `tls` over TLS.

    `open()` binds, `start()` begins to serve, `stop()` shuts down in order. After `open()`, `ports` maps the name of
    each open listener to its port and `warnings` holds a sentence for each side port that could not be opened.
    `stopping` is set when the shutdown begins: endless answers (video, events) should then end.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        options: ServerOptions,
        spawn: Spawn = plain_spawn,
        budget: Budget | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.app = app
        self.tls = tls
        self.budget = budget or Budget("connections", options.memory_bytes, reserve=options.memory_bytes // 8)
        self.options = options
        self.relay: WorkerRelay | None = None  # to the other workers of this hub
        self.stopping = Event()
        self.warnings: list[str] = []
        self.ports: dict[str, int] = {}
        self.connections = Connections(options.max_connections, options.connections_per_address, options.trusted_proxy)
        self._refusing = 0
        self.keepalive = KeepAliveMonitor(options.ping_seconds, options.idle_seconds, options.close_seconds, spawn)
        self._spawn = spawn
        self._listeners: list[Listener] = []
        self._all_closed = Event()
        self._ended = Event()

    @property
    def port(self) -> int:
        """The main port; with port 0 the one that was chosen."""
        return self.ports.get(MAIN, self.options.port)

    def open(self) -> None:
        """Bind every port; clients may connect from now on, and wait. Raises `ListenError` for the main port."""
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
            loopback = listen_on_loopback_6(self.ports[name])
            if loopback:
                self._listeners.append(Listener(self, name, loopback))

    def start(self) -> None:
        """Begin to serve; calls `open()` where that was not done."""
        if not self._listeners:
            self.open()
        for listener in self._listeners:
            listener.start()

    def serve_forever(self) -> None:
        """Serve until `stop()` has completed."""
        if not any(listener.started for listener in self._listeners):
            self.start()
        self._ended.wait()

    def serve_relayed(self, name: str, sock: gevent.socket.socket, address: tuple[Any, ...]) -> None:
        """Serve a connection that another worker has accepted at the listener of this name."""
        listener = next((one for one in self._listeners if one.name == name), None)
        if listener is None or self.stopping.is_set():
            sock.close()
        else:
            self.serve(listener, sock, address, relayed=True)

    def serve(
        self, listener: Listener, sock: gevent.socket.socket, address: tuple[Any, ...], relayed: bool = False
    ) -> None:
        """Serve one accepted connection, or refuse it when there are too many."""
        reason = self.connections.reason_to_refuse(address_text(address))
        if reason:
            self._refuse(sock, reason)
            return
        handler = ConnectionHandler(sock, address, listener, relayed)
        self.connections.add(handler)
        try:
            handler.handle()
        finally:
            self.connections.remove(handler)
            if self.stopping.is_set() and not self.connections:
                self._all_closed.set()

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "ports": dict(self.ports),
            "warnings": list(self.warnings),
            **self.connections.status(),
            "websockets": len(self.keepalive),
            "memory": self.budget.status(),
            "unfinished_messages": self.keepalive.unfinished,
        }

    def stop(self, timeout: float = 5.0) -> None:
        """Shut down: stop accepting, close WebSockets with 1001, let in-flight requests complete, then cut the rest.

        Returns after `timeout` seconds at the latest, plus up to a second for connections that are cut.
        """
        if self.stopping.is_set():
            self._ended.wait(timeout)
            return
        deadline = monotonic() + timeout
        self.stopping.set()
        for listener in self._listeners:
            listener.close()
        for websocket in self.keepalive:
            self._spawn("websocket closer", websocket.close, GOING_AWAY, "The hub is stopping.")
        for handler in self.connections:
            if handler.idle and not handler.has_input():
                handler.greenlet.kill(block=False)
        if self.connections:
            self._all_closed.wait(max(0.0, deadline - monotonic()))
        if self.connections:
            log.info("%d connections did not end within %g s and are cut.", len(self.connections), timeout)
            with time_limit(CUT_SECONDS):
                gevent.killall([handler.greenlet for handler in self.connections])
        self.keepalive.stop()
        self._ended.set()

    def _refuse(self, sock: gevent.socket.socket, reason: str) -> None:
        """Answer 503 and close."""
        self._refusing += 1
        try:
            if self._refusing <= MAX_REFUSING:
                set_socket_options(sock)
                send_all(sock, error_response(HttpError(503, reason, (("Retry-After", "2"),))), 1.0, TimeSlice())
                linger(sock, 1.0, MEGABYTE)
        except PeerDisconnected:
            pass
        finally:
            self._refusing -= 1
            sock.close()


def _allow_open_files(connections: int) -> None:
    """Raise the limit on open files to fit `connections`, where the system has one."""
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
