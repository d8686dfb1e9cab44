"""Reports to systemd: ready, still alive, stopping.

Sources: sd_notify(3); `Type=notify` and `WatchdogSec=` of systemd.service(5).
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping

import gevent

log = logging.getLogger(__name__)

PINGS = 3  # a watchdog's time: one late ping must not end the hub
SEND_SECONDS = 1.0


class ServiceManager:
    """The service manager that started this process; without one every method does nothing.

    It takes the variables out of the environment, so that no child process reports in the hub's name.
    """

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        # "@" begins an abstract address, which the system writes with a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        watched = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.pop("WATCHDOG_USEC", "")
        self.ping_seconds = int(microseconds) / 1e6 / PINGS if watched and microseconds.isdecimal() else 0.0

    def ready(self) -> None:
        """The hub serves."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The hub is ending."""
        self._send("STOPPING=1")

    def keep_alive(self) -> None:
        """Report from the event loop, until the hub ends, that it still turns; returns where nobody watches."""
        while self._address and self.ping_seconds:
            self._send("WATCHDOG=1")
            gevent.sleep(self.ping_seconds)

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(SEND_SECONDS)
                sender.sendto(text.encode(), self._address)
        except OSError as error:
            log.warning("The service manager was not told %s: %s", text, error)
