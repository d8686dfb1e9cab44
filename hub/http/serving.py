"""A hub that listens: from the opening of its ports to their shutdown, and the file that reports that it is ready."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import orjson
from flask import Flask
from gevent.event import Event

from hub.context import Hub
from hub.http.server import HubServer, ServerOptions
from hub.http.start_text import start_text
from hub.http.worker_relay import WorkerRelay, mark_sessions
from hub.net.certificates import AUTHORITY, LOOPBACK, is_of_authority, own_machine_host
from hub.net.served_certificate import ServedCertificate
from hub.runtime.lifecycle import run
from hub.runtime.offload import offload
from hub.runtime.time_limit import time_limit
from hub.runtime.worker_place import worker_place
from hub.settings.model import Settings

log = logging.getLogger(__name__)

READY_FILE = "hub.ready.json"
READY_TRIES = 20  # before it is said that the file cannot be written
READY_RETRY_SECONDS = 0.05
READY_BYTES = 512  # written in place where the file has this size already
CERTIFICATE_SECONDS = 1.0  # between two looks at the files of the certificate
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
            trusted_proxy=settings.access.trusted_proxy,
            memory_bytes=limits.memory_bytes,
            body_seconds=limits.body_seconds,
            message_seconds=limits.message_seconds,
            head_seconds=limits.header_seconds,
            max_head_bytes=limits.max_head_kb * 1024,
            keep_alive_seconds=limits.idle_seconds,
        )
        self._certificate: ServedCertificate | None = None
        self._host, self._own_authority = LOOPBACK, False
        if settings.uses_tls:
            self._certificate = ServedCertificate(settings.tls_cert_path, settings.tls_key_path)
            self._hub.warning_sources.append(self._certificate.warnings)
            self._host = own_machine_host(settings.tls_cert_path)
            self._own_authority = is_of_authority(settings.tls_cert_path, settings.instance / "tls" / AUTHORITY)
        tls = self._certificate.context if self._certificate else None
        self._server = HubServer(app.wsgi_app, options, self._hub.supervisor.spawn, self._hub.memory, tls)
        self._hub.status["connections"] = self._connections
        self._place = worker_place()
        if self._place.is_worker:
            self._server.relay = WorkerRelay(
                self._place, settings.instance, self._server.serve_relayed, self._hub.supervisor.spawn
            )
            mark_sessions(self._hub.socketio.server.eio, self._place)
            self._hub.status["worker"] = self._worker
        self._end = Event()
        self.ending = False

    def _connections(self) -> dict[str, Any]:
        return {**self._server.connections.status(), "websockets": len(self._server.keepalive)}

    def _worker(self) -> dict[str, Any]:
        relay = self._server.relay
        handed = {} if relay is None else {"handed_over": relay.handed_over, "received": relay.received}
        return {"number": self._place.number, "of": self._place.count, "pid": os.getpid(), **handed}

    @property
    def ready_file(self) -> Path:
        """The file that exists while the hub serves."""
        return self._settings.instance / self._place.file(READY_FILE)

    def start(self) -> None:
        """Listen. Raises ListenError when the main port cannot be opened."""
        if self._server.relay is not None:
            self._server.relay.open()
            self._hub.supervisor.keep("other workers", self._server.relay.run)
        self._server.start()
        self._hub.addresses.update(self._server.ports)
        self._hub.warnings.extend(self._server.warnings)
        run(self._hub.lifecycle.listening)
        self._hub.links.port = self._server.ports.get("images") or self._server.ports["main"]
        self._write_ready_file()
        if self._certificate:
            self._hub.supervisor.keep("certificate watch", self._watch_certificate, self._certificate)

    def _watch_certificate(self, certificate: ServedCertificate) -> None:
        """Serve new connections with a certificate that has changed."""
        while not self.ending:
            gevent.sleep(CERTIFICATE_SECONDS)
            if offload(certificate.refresh):
                self._server.tls = certificate.context

    def _write_ready_file(self) -> None:
        """Write hub.ready.json for the program that started the hub; where that fails say so and go on trying."""
        if self._try_ready_file() is None:
            return
        self._hub.supervisor.spawn("ready file", self._retry_ready_file)

    def _retry_ready_file(self) -> None:
        """Windows cannot replace a file that is being read; on a full disk there is no room for it."""
        tries = 0
        while not self.ending:
            gevent.sleep(READY_RETRY_SECONDS)
            error = self._try_ready_file()
            if error is None:
                return
            tries += 1
            if tries == READY_TRIES:
                with suppress(OSError):  # the screen may be a file on the same disk
                    print(
                        f"{self.ready_file} cannot be written ({error}); the hub runs all the same and goes on trying. "
                        f"Its address is {self._url}.",
                        flush=True,
                    )
                log.warning("%s cannot be written (%s); the hub runs all the same.", self.ready_file, error)

    def _try_ready_file(self) -> OSError | None:
        """Write the file at once; why that failed.

        `hub.ready.part` of the last run is written over in place, which needs no space: so it works on a full disk.
        """
        main = self._server.ports["main"]
        text = orjson.dumps(
            {
                "pid": os.getpid(),
                "port": main,
                "url": self._url,
                "own_authority": self._own_authority,
                "ports": self._hub.addresses,
            }
        )
        part = self._ready_part
        try:
            if self.ready_file.is_file() and not part.exists():  # the last run was killed
                os.replace(self.ready_file, part)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            with open(handle, "wb", buffering=0) as file:
                file.write(text.ljust(READY_BYTES))
                file.truncate(max(len(text), READY_BYTES))
            os.replace(part, self.ready_file)
        except OSError as error:
            return error
        return None

    @property
    def _url(self) -> str:
        """The hub's address for programs of this machine."""
        return f"{self._settings.scheme}://{self._host}:{self._server.ports['main']}/"

    @property
    def _ready_part(self) -> Path:
        return self.ready_file.with_suffix(".part")

    def _remove_ready_file(self) -> None:
        """Rename the file: the next start needs its place on the disk."""
        try:
            if self.ready_file.is_file():
                os.replace(self.ready_file, self._ready_part)
        except OSError as error:
            log.warning("%s stays behind: %s", self.ready_file, error)

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
        if self._server.relay is not None:
            self._server.relay.close()
        self._server.stop(self._settings.limits.shutdown_seconds)
        self._remove_ready_file()

    def announcement(self) -> str:
        """The text for the operator, once the hub listens."""
        return start_text(self._hub, self._settings, self._url)
