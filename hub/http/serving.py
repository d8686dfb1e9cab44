"""A hub that listens: its ports, what it tells the operator at start, and the file that says it is ready."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path

import gevent
import orjson
import psutil
from flask import Flask
from gevent.event import Event

from hub.context import Hub
from hub.http.server import HubServer, ServerOptions
from hub.runtime.lifecycle import run
from hub.settings.file import FILE_NAME
from hub.settings.model import Settings

log = logging.getLogger(__name__)

READY_FILE = "hub.ready.json"
READY_TRIES = 20
DRAIN_SECONDS = 2.0  # for records that came over a WebSocket or Socket.IO and are being stored
ANSWER_SECONDS = 0.1  # for their answers to leave before the sockets are closed


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
        )
        self._server = HubServer(app.wsgi_app, options, self._hub.supervisor.spawn)
        self._end = Event()
        self.ending = False

    @property
    def ready_file(self) -> Path:
        return self._settings.instance / READY_FILE

    def start(self) -> None:
        """Listen. Raises ListenError when the main port cannot be had."""
        self._server.start()
        self._hub.addresses.update(self._server.ports)
        self._hub.warnings.extend(self._server.warnings)
        run(self._hub.lifecycle.listening)
        self._hub.links.port = self._server.ports.get("images") or self._server.ports["main"]
        self._say_ready()

    def _say_ready(self) -> None:
        """Write hub.ready.json for whoever started the hub. On Windows a file that is being read cannot be replaced: try again."""
        main = self._server.ports["main"]
        part = self.ready_file.with_suffix(".part")
        part.write_bytes(
            orjson.dumps(
                {"pid": os.getpid(), "port": main, "url": f"http://127.0.0.1:{main}/", "ports": self._hub.addresses}
            )
        )
        for _ in range(READY_TRIES):
            try:
                os.replace(part, self.ready_file)
                return
            except PermissionError as error:
                reason = error
                gevent.sleep(0.05)
        log.warning("%s cannot be written (%s); the hub runs all the same.", self.ready_file, reason)

    def wait(self) -> None:
        self._end.wait()

    def end(self) -> None:
        self.ending = True
        self._end.set()

    def stop(self) -> None:
        """Take nothing new, answer what was taken, close every WebSocket with 1001."""
        log.info("The hub is ending.")
        run(self._hub.lifecycle.stopping)
        with gevent.Timeout(DRAIN_SECONDS, False):
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
        """What the operator reads: the addresses to type into devices, and where settings, data and log lie."""
        ports = self._server.ports
        main = ports["main"]
        hosts = network_addresses() if self._settings.host in ("0.0.0.0", "::") else [self._settings.host]
        rows = [
            f"Gatehouse hub: ready after {time.time() - psutil.Process().create_time():.1f} s. Open http://127.0.0.1:{main}/ in a browser.",
            "",
        ]
        rows.append("Addresses to type into devices:")
        for host in hosts:
            shown = f"[{host}]" if ":" in host else host
            rows.append(f"  {host}")
            rows.append(f"    hub, agents, REST, Socket.IO   http://{shown}:{main}")
            for name, about, scheme in (
                ("lpr", "licence-plate cameras", "http"),
                ("apriltag", "AprilTag boards and games", "ws"),
                ("results", "capture results", "ws"),
                ("images", "pictures", "http"),
            ):
                if name in ports:
                    rows.append(
                        f"    {about:<30} {scheme}://{shown}:{ports[name]}{'/images/NAME' if name == 'images' else ''}"
                    )
            if "udp" in self._hub.addresses:
                rows.append(f"    {'AprilTag boards over UDP':<30} udp://{shown}:{self._hub.addresses['udp']}")
        if any(host != "127.0.0.1" for host in hosts):
            rows.append(
                "  For now only programs on this machine (127.0.0.1) are served, others get 403; the networks of apriltag.networks reach the AprilTag addresses."
            )
        for note in self._hub.start_notes:
            rows += ["", note]
        rows += [f"Warning: {text}" for text in self._hub.warnings]
        folder = self._settings.instance.resolve()
        rows += [
            "",
            f"Settings  {folder / FILE_NAME}",
            f"Data      {self._settings.database_path.resolve()} and {self._settings.images_path.resolve()}{os.sep}",
            f"Log       {self._settings.log_path.resolve()}",
        ]
        rows += self._hub.start_paths
        rows.append("Stop with Ctrl-C.")
        return "\n".join(rows)


def network_addresses() -> list[str]:
    """This machine's IPv4 addresses, loopback first."""
    found = {"127.0.0.1"}
    for rows in psutil.net_if_addrs().values():
        found.update(row.address for row in rows if row.family == socket.AF_INET)
    return sorted(found, key=lambda address: (not address.startswith("127."), address))
