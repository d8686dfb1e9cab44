"""Results over Socket.IO, each confirmed by its acknowledgement."""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

import requests

from agent_lib.outbox import Entry
from agent_lib.uplink.answer import Answer, read_answer
from agent_lib.uplink.rest import short_reason
from agent_lib.uplink.tls import hub_session, tls_problem, websocket_options
from tools.boot.left_out import left_out

with left_out("redis"):  # 10 MB that agents do not need
    import socketio

log = logging.getLogger(__name__)

# The library logs each failed attempt as an error; the uplink logs once that the hub is unreachable.
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.CRITICAL)

_CONNECT_SECONDS = 5.0
_HANG_UP_SECONDS = 0.5


class SocketIoUplink:
    """One Socket.IO connection, re-established by `connect`. `on_lost()` is called when it ends."""

    def __init__(
        self, base: str, answer_seconds: float, on_lost: Callable[[], None], token: str = "", ca: str = ""
    ) -> None:
        self._auth = {"token": token} if token else None
        self._base, self._answer_seconds, self._on_lost, self._ca = base, answer_seconds, on_lost, ca
        self._connect_seconds = min(_CONNECT_SECONDS, answer_seconds)
        self._client: socketio.Client | None = None
        self._session: requests.Session
        # A message with pictures is several packets, which must not interleave with those of another.
        self._sending = threading.Lock()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.unconfirmed = 0
        """Consecutive results that were not acknowledged in time."""

    @property
    def connected(self) -> bool:
        """Whether results can be sent over this connection now."""
        client = self._client
        return client is not None and client.connected

    def connect(self) -> str:
        """Try once, for a few seconds at most; "" if connected, else the reason."""
        self.drop()
        session = hub_session(self._base, self._ca)
        options: dict[str, Any] = {"http_no_proxy": ["*"]}
        client = socketio.Client(
            reconnection=False,
            handle_sigint=False,
            logger=_quiet,
            engineio_logger=_quiet,
            request_timeout=self._connect_seconds,
            http_session=session,
            websocket_extra_options=options,
        )
        client.on("disconnect", lambda *reason: self._lost(client))
        try:
            options["sslopt"] = websocket_options(self._base, self._ca)
            client.connect(self._base, auth=self._auth, wait_timeout=self._connect_seconds)
        except (
            Exception
        ) as error:  # the library fails in many ways at foreign servers; all mean that there is no connection
            _hang_up(client, session)
            return self._reason(error)
        self._client, self._session = client, session
        return ""

    def _reason(self, error: Exception) -> str:
        """Why there is no connection, the same text for the same reason."""
        text = str(error) or type(error).__name__
        # The text of requests has the time in it.
        return short_reason(error, self._ca) if "ConnectionPool" in text else tls_problem(error, self._ca) or text

    def send(self, entry: Entry) -> Answer | None:
        """Deliver one result and wait for the acknowledgement; None if there is none: use another transport."""
        client = self._client
        if client is None:
            return None
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers = answers
        message = {**entry.fields, **{f"{role}_image": data for role, data in entry.pictures.items()}}
        try:
            with self._sending:
                client.emit("capture_result", message, callback=lambda *args: answers.put(args))
            # If the connection was lost before this point, its None went to the queue of an earlier call.
            args = answers.get(timeout=self._answer_seconds) if client.connected else None
        except socketio.exceptions.SocketIOError as error:
            log.debug("Socket.IO: %s", error)
            args = None
        except queue.Empty:
            log.info(
                "The hub did not confirm the result of tag %s within %g s over Socket.IO.",
                entry.fields.get("tag"),
                self._answer_seconds,
            )
            self.unconfirmed += 1
            args = None
        answer = read_answer(args[0]) if args else None
        if answer is None:
            self.drop()
        else:
            self.unconfirmed = 0
        return answer

    def send_status(self, status: dict[str, Any]) -> bool:
        """Send a station status without confirmation; whether there was a connection."""
        client = self._client
        if client is None or not client.connected:
            return False
        try:
            with self._sending:
                client.emit("station_status", status)
        except socketio.exceptions.SocketIOError as error:
            log.debug("Socket.IO: %s", error)
            return False
        return True

    def drop(self) -> None:
        """Close the connection, if any."""
        client, self._client = self._client, None
        if client is not None:
            self._answers.put(None)
            _hang_up(client, self._session)

    def _lost(self, client: socketio.Client) -> None:
        if client is self._client:
            self._answers.put(None)
            self._on_lost()


def _hang_up(client: socketio.Client, session: requests.Session) -> None:
    """Close a connection within about a second; the library's own way waits as long as the peer likes."""
    engine = client.eio
    link = getattr(engine, "ws", None)
    sock = getattr(link, "sock", None)
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("Closing a connection that was closed already: %s", error)
    # Ends within a second and needs no restart, so it is not supervised.
    ending = threading.Thread(target=_disconnect, args=(engine,), name="uplink-hang-up", daemon=True)
    ending.start()
    ending.join(_HANG_UP_SECONDS)
    for task in (engine.read_loop_task, engine.write_loop_task):
        if task is not None:
            task.join(_HANG_UP_SECONDS)
    if link is not None:
        link.shutdown()
    session.close()


def _disconnect(engine: Any) -> None:
    try:
        engine.disconnect()
    except Exception as error:  # the library fails in many ways at half-closed connections; all mean it is closed
        log.debug("Closing the Socket.IO connection: %s", error)
