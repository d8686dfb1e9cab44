"""The connection to one indicator: made again whenever it is lost."""

from __future__ import annotations

import logging
import random
import time

import gevent
from gevent import socket

from hub.scales.service import Scales
from hub.settings.scales import Scale as ScaleSettings

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
WAIT_SECONDS = 1.0  # between two commands of an indicator that is asked
SEND_SECONDS = 2.0
GATHER_SECONDS = 0.05  # what arrives in this time is taken together
PIECE_BYTES = 4096  # with GATHER_SECONDS the most that is read of one indicator: 80 KB a second
FLOOD_BYTES, FLOOD_SECONDS = 65_536, 2.0  # more in this time: what is read then would be long out of date
FLOOD_PAUSE_SECONDS = 10.0
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
LOG_SECONDS = 600.0  # the same trouble is logged again after this time


class LinkLost(Exception):
    """The connection was lost or could not be made; the text says why, as the end of a sentence.

    `pause`: seconds that pass at least before the next try.
    """

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class Link:
    """`run` is the supervised greenlet of one scale."""

    def __init__(self, settings: ScaleSettings, scales: Scales) -> None:
        self._settings, self._scales = settings, scales
        self._command = settings.poll_text.encode("latin-1")
        self._failures = 0
        self._logged, self._logged_at = "", 0.0
        self._is_lost = False  # and that was logged

    def run(self) -> None:
        """Connect, take what the indicator sends, and begin again when that ends."""
        while True:
            pause = 0.0
            try:
                self._session()
            except LinkLost as error:
                self._lost(str(error))
                pause = error.pause
            self._failures += 1
            backoff = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS)) - 1]
            gevent.sleep(max(pause, backoff * random.uniform(0.75, 1.25)))

    def _lost(self, reason: str) -> None:
        address = f"{self._settings.host}:{self._settings.port}"
        sentence = (
            f"The indicator at {address} {reason}. Check its power, its cable and its address; it is tried again."
        )
        self._scales.lost(self._settings.name, sentence)
        if reason != self._logged or time.monotonic() - self._logged_at > LOG_SECONDS:
            log.warning("Scale %s: %s", self._settings.name, sentence)
            self._logged, self._logged_at, self._is_lost = reason, time.monotonic(), True

    def _session(self) -> None:
        """One connection, from its beginning to its end. Raises LinkLost."""
        sock = self._connect()
        try:
            self._scales.connected(self._settings.name)
            self._receive(sock)
        except OSError as error:
            raise LinkLost(f"was lost ({error.strerror or error})") from error
        finally:
            sock.close()

    def _connect(self) -> socket.socket:
        try:
            with gevent.Timeout(CONNECT_SECONDS, TimeoutError()):
                sock = socket.create_connection((self._settings.host, self._settings.port), CONNECT_SECONDS)
        except TimeoutError as error:
            raise LinkLost("does not answer") from error
        except (OSError, ValueError) as error:
            raise LinkLost(f"cannot be reached ({getattr(error, 'strerror', None) or error})") from error
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock

    def _receive(self, sock: socket.socket) -> None:
        """Take lines until the connection ends, or none came for too long. Raises LinkLost, OSError."""
        silent = self._settings.silent_seconds
        line_at = ask_at = time.monotonic()
        count, counted_at = 0, line_at
        while True:
            now = time.monotonic()
            if silent and now - line_at > silent:
                raise LinkLost(f"has sent no line for {silent:g} seconds")
            if self._command and now >= ask_at:
                ask_at = now + WAIT_SECONDS
                sock.settimeout(SEND_SECONDS)
                sock.sendall(self._command)
            sock.settimeout(max(0.01, min(WAIT_SECONDS, ask_at - now if self._command else WAIT_SECONDS)))
            try:
                data = sock.recv(PIECE_BYTES)
            except TimeoutError:
                continue
            if not data:
                raise LinkLost("has ended the connection")
            if now - counted_at > FLOOD_SECONDS:
                count, counted_at = 0, now
            count += len(data)
            if count > FLOOD_BYTES:
                raise LinkLost("sends far more than an indicator does", FLOOD_PAUSE_SECONDS)
            if self._scales.feed(self._settings.name, data):
                line_at = time.monotonic()
                self._working()
            gevent.sleep(GATHER_SECONDS)

    def _working(self) -> None:
        """A line has come: the next trouble is a new one."""
        if self._is_lost:
            log.info("Scale %s: its indicator sends again.", self._settings.name)
        self._is_lost, self._failures = False, 0
