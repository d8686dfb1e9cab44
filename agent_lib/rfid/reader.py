"""The connection to a UHF reader: a TCP client in its own thread (docs/wire/station.md, "RFID reader")."""

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_lib.rfid.parser import Tag, TagParser
from agent_lib.rfid.presence import TagPresence
from agent_lib.runtime.moment import Moment
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import RfidSettings

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 15.0
# A reader sends a record at once: after QUIET a record held back is accepted, after LOST a partial one is dropped.
QUIET_SECONDS = 0.05
LOST_SECONDS = 2.0
# Poll interval for stop() and stale_seconds while no data arrives.
_POLL_SECONDS = 0.25
# Looking at the connection later than this, the thread did not run: what it reads then arrived meanwhile.
_PAUSED_SECONDS = 2 * _POLL_SECONDS
NOISE_WARNING_BYTES = 4096
READ_BYTES = 65536


@dataclass(frozen=True)
class TagRead:
    """One sighting. `tag` is upper-case hex; `ts` is time.time(), `mono` time.monotonic(), both of its arrival."""

    tag: str
    source: str
    antenna: int | None
    ts: float
    mono: float


class ReaderSilent(OSError):
    """No data for `stale_seconds`: reconnect, because a half-open connection looks the same."""


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connection with keep-alive that detects a dead peer within about half a minute. Raises OSError."""
    link = socket.create_connection((host, port), timeout)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "win32":
        link.ioctl(socket.SIO_KEEPALIVE_VALS, (1, 10_000, 5_000))
        return link
    # The idle time is called TCP_KEEPALIVE on macOS.
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    for option, value in (
        (idle, 10),
        (getattr(socket, "TCP_KEEPINTVL", None), 5),
        (getattr(socket, "TCP_KEEPCNT", None), 4),
    ):
        if option is not None:
            link.setsockopt(socket.IPPROTO_TCP, option, value)
    return link


def reason(error: OSError) -> str:
    """An OSError as text for operators, without numbers and class names."""
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror or str(error) or type(error).__name__).rstrip(".")


class TagReader:
    """Connects, reports every sighting by `on_tag(read, is_new)`, and reconnects until stopped.

    `on_tag` runs in the reader's thread and should be quick; an exception in it is logged and loses only that sighting.
    `before`: tags of an earlier run, and when each was seen last; they may still be there.
    """

    def __init__(
        self,
        settings: RfidSettings,
        on_tag: Callable[[TagRead, bool], None],
        name: str = "",
        before: Mapping[str, Moment] | None = None,
    ) -> None:
        self._settings = settings
        self._on_tag = on_tag
        self._name = name or "reader"
        self._address = f"{settings.host}:{settings.port}"
        self._presence = TagPresence(settings.debounce_seconds, settings.present_window_seconds)
        self._before = dict(before or {})
        self._unheard_since: float | None = None  # monotonic: the last data before the connection was lost
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._link: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._parser = TagParser()
        self._state, self._error = "stopped", ""
        self._last_tag_ts: float | None = None
        self._logged_noise = self._logged_overlong = self._tags_read = 0
        self._logged_error = ""

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start the thread under `supervisor`, or one of its own; returns at once."""
        self._stop.clear()
        self._state = "connecting"
        supervisor = supervisor or Supervisor()
        self._thread = supervisor.run(f"rfid-{self._name}", self._run, owned=True)

    def stop(self) -> None:
        """Stop; returns within about a second even while connecting."""
        self._stop.set()
        with self._lock:
            if self._link is not None:
                _hang_up(self._link)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        self._state = "stopped"

    def status(self) -> dict[str, Any]:
        """Fields of the status page: state, address, message, last_tag_ts, error ("" while healthy)."""
        state, error = self._state, self._error
        if state == "connected":
            message = f"Connected to the reader at {self._address}."
            if self._only_noise():
                message += (
                    f" It sent {self._parser.noise_bytes} bytes and no tag record yet:"
                    " check that this is the reader's tag port and its output format."
                )
        elif state == "stopped":
            message = "The reader connection is stopped."
        elif error:
            message = f"RFID reader {self._address}: {error}. Trying again; check its power, cable, address and port."
        else:
            message = f"Connecting to the reader at {self._address}."
        return {
            "state": state,
            "address": self._address,
            "message": message,
            "last_tag_ts": self._last_tag_ts,
            "error": error,
        }

    def _run(self) -> None:
        wait = self._settings.reconnect_seconds
        while not self._stop.is_set():
            received = False
            try:
                received = self._session()
                self._fail("Connection lost")
            except ReaderSilent as error:
                # Most readers send nothing while no tag is present: reconnect without back-off.
                self._fail(str(error), state="silent")
                wait = self._settings.reconnect_seconds
                continue
            except OSError as error:
                self._fail(f"Cannot connect to {self._address}: {reason(error)}")
            except Exception:
                log.exception("Unexpected error in the thread of RFID reader %s", self._address)
                self._fail("Internal error; the log says more")
            if received:
                wait = self._settings.reconnect_seconds
            self._stop.wait(wait)
            wait = min(wait * 2, max(MAX_BACKOFF_SECONDS, self._settings.reconnect_seconds))

    def _fail(self, error: str, state: str = "connecting") -> None:
        if self._stop.is_set():
            return
        level = logging.WARNING if error != self._logged_error else logging.DEBUG
        log.log(level, "RFID reader %s: %s; reconnecting", self._address, error)
        self._logged_error = self._error = error
        self._state = state

    def _session(self) -> bool:
        """Run one connection; whether it received any data. Raises OSError if it cannot connect, ReaderSilent."""
        with connect(self._settings.host, self._settings.port, CONNECT_SECONDS) as link:
            with self._lock:
                self._link = link
            try:
                return self._listen(link)
            finally:
                with self._lock:
                    self._link = None

    def _listen(self, link: socket.socket) -> bool:
        self._parser = parser = TagParser()
        self._logged_noise = self._logged_overlong = self._tags_read = 0
        self._state, self._error = "connected", ""
        silent_before = self._logged_error.startswith("No data")
        log.log(logging.DEBUG if silent_before else logging.INFO, "Connected to RFID reader %s", self._address)
        try:
            return self._receive(link, parser, self._resume())
        except ReaderSilent:
            self._unheard_since = time.monotonic()
            raise

    def _resume(self) -> float:
        """Take tags that were there when the reader was heard last as still there (`resume_seconds`); from when."""
        now, limit = Moment.now(), self._settings.resume_seconds
        if self._unheard_since is not None:
            self._presence.resume(self._unheard_since, now.mono, limit)
        before, self._before = self._before, {}
        self._presence.restore((tag for tag, seen in before.items() if seen.is_within(limit, now)), now.mono)
        return now.mono

    def _receive(self, link: socket.socket, parser: TagParser, looked: float) -> bool:
        """Report what arrives until the connection ends; whether anything did. Raises ReaderSilent.

        `looked`: monotonic, when presence was last known.
        """
        stale = self._settings.stale_seconds
        last = looked
        self._unheard_since = last if self._unheard_since is None else self._unheard_since
        received = False
        while not self._stop.is_set():
            link.settimeout(QUIET_SECONDS if parser.pending else min(_POLL_SECONDS, stale or _POLL_SECONDS))
            try:
                data = link.recv(READ_BYTES)
                looked = self._look(looked)
            except TimeoutError:
                looked = self._look(looked)
                idle = looked - last
                self._report(parser.flush(), looked)
                if idle >= LOST_SECONDS and parser.pending:
                    parser.drop()
                if stale and idle >= stale:
                    raise ReaderSilent(f"No data for {stale:g} seconds") from None
                continue
            except OSError as error:
                log.debug("RFID reader %s: %s", self._address, reason(error))
                return received
            if not data:
                return received
            received, last, self._logged_error = True, looked, ""
            self._unheard_since = last
            self._report(parser.feed(data), looked)
            self._log_discarded(parser)
        return received

    def _look(self, looked: float) -> float:
        """The time, after which nothing more is read; `looked`: the time of the last call.

        If the process or the machine did not run in between, the sightings of that time wait in the connection and are
        read at once: they must not seem to follow a long absence.
        """
        now = time.monotonic()
        if now - looked > _PAUSED_SECONDS:
            self._presence.resume(looked, now, self._settings.resume_seconds)
        return now

    def _report(self, tags: list[Tag], mono: float) -> None:
        ts = time.time()
        self._tags_read += len(tags)
        for tag, source, antenna in tags:
            if self._stop.is_set():
                return
            self._last_tag_ts = ts
            is_new = self._presence.seen(tag, mono)
            try:
                self._on_tag(TagRead(tag, source, antenna, ts, mono), is_new)
            except Exception:
                log.exception("Tag %s of RFID reader %s could not be handled", tag, self._address)

    def _log_discarded(self, parser: TagParser) -> None:
        """Log what was discarded: once per connection, and again at ten times as much."""
        if parser.overlong_lines > 10 * self._logged_overlong:
            self._logged_overlong = parser.overlong_lines
            log.warning(
                "RFID reader %s: ignored %d line(s) of more than 128 hex digits; no tag is that long",
                self._address,
                parser.overlong_lines,
            )
        if self._only_noise() and parser.noise_bytes > 10 * self._logged_noise:
            self._logged_noise = parser.noise_bytes
            log.warning(
                "RFID reader %s: %d bytes came and no tag record; check its tag port and output format",
                self._address,
                parser.noise_bytes,
            )

    def _only_noise(self) -> bool:
        """Whether this connection delivered much data and no tag: it may not be a reader."""
        return self._parser.noise_bytes > NOISE_WARNING_BYTES and not self._tags_read


def _hang_up(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        log.debug("Closing a reader connection that was closed already: %s", error)
