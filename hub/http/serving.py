"""A hub that listens: from the opening of its ports to their shutdown, and the file that reports that it is ready."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import gevent
import orjson
from flask import Flask
from gevent.event import Event

from hub.context import Hub
from hub.http.server import HubServer, ServerOptions
from hub.http.start_text import start_text
from hub.runtime.lifecycle import run
from hub.runtime.time_limit import time_limit
from hub.settings.model import Settings

log = logging.getLogger(__name__)

READY_FILE = "hub.ready.json"
READY_TRIES = 20
DRAIN_SECONDS = 2.0  # for in-flight records of WebSockets and Socket.IO to be stored
ANSWER_SECONDS = 0.1  # for their answers to be sent before the sockets are closed


class Serving:
    """The listeners of one hub from start to stop."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._hub: Hub = app.extensions["gatehouse"]
        self._settings = settings
        limits = settings.limits
        options = ServerOptions(
            host=settings.host,
            port=settings.port,
            side_ports=settings.side_ports,
            max_body_bytes=limits.max_body_mb * 1024 * 1024,
            max_message_bytes=limits.max_body_mb * 1024 * 1024,
            max_connections=limits.max_connections,
            connections_per_address=limits.connections_per_address,
            memory_bytes=limits.memory_bytes,
            body_seconds=limits.body_seconds,
            message_seconds=limits.message_seconds,
        )
        self._server = HubServer(app.wsgi_app, options, self._hub.supervisor.spawn, self._hub.memory)
        self._end = Event()
        self.ending = False

    @property
    def ready_file(self) -> Path:
        """The file that exists while the hub serves."""
        return self._settings.instance / READY_FILE

    def start(self) -> None:
        """Listen. Raises ListenError when the main port cannot be opened."""
        self._server.start()
        self._hub.addresses.update(self._server.ports)
        self._hub.warnings.extend(self._server.warnings)
        run(self._hub.lifecycle.listening)
        self._hub.links.port = self._server.ports.get("images") or self._server.ports["main"]
        self._write_ready_file()

    def _write_ready_file(self) -> None:
        """Write hub.ready.json for the program that started the hub.

        Windows cannot replace a file that is being read, so that is retried.
        """
        main = self._server.ports["main"]
        part = self.ready_file.with_suffix(".part")
        part.write_bytes(
            orjson.dumps(
                {"pid": os.getpid(), "port": main, "url": f"http://127.0.0.1:{main}/", "ports": self._hub.addresses}
            )
        )
        reason: PermissionError | None = None
        for _ in range(READY_TRIES):
            try:
                os.replace(part, self.ready_file)
                return
            except PermissionError as error:
                reason = error
                gevent.sleep(0.05)
        log.warning("%s cannot be written (%s); the hub runs all the same.", self.ready_file, reason)

    def wait(self) -> None:
        """Wait until `end()` is called."""
        self._end.wait()

    def end(self) -> None:
        """Request the shutdown; called from signal handlers."""
        self.ending = True
        self._end.set()

    def stop(self) -> None:
        """Shut down: accept nothing new, complete in-flight records and requests, close every WebSocket with 1001."""
        log.info("The hub is ending.")
        run(self._hub.lifecycle.stopping)
        with time_limit(DRAIN_SECONDS):
            while self._hub.lifecycle.pending():
                gevent.sleep(0.02)
        gevent.sleep(ANSWER_SECONDS)
        self._hub.supervisor.spawn("end of polls", run, self._hub.lifecycle.disconnecting)
        self._server.stop(self._settings.limits.shutdown_seconds)
        try:
            self.ready_file.unlink(missing_ok=True)
        except PermissionError as error:
            log.warning("%s stays behind: %s", self.ready_file, error)

    def announcement(self) -> str:
        """The text for the operator, once the hub listens."""
        return start_text(self._hub, self._settings)
