"""Results to the hub over Socket.IO, each confirmed by its acknowledgement."""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

import requests
import socketio

from .outbox import Entry
from .uplink_answer import Answer, read_answer

log = logging.getLogger(__name__)

# The library logs each failed attempt as an error; that the hub is away is said once, by the uplink.
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.CRITICAL)

_CONNECT_SECONDS = 5.0


class SocketIoUplink:
    """One Socket.IO connection, made anew by `connect` whenever it is gone. `on_lost()` is called when it ends."""

    def __init__(self, base: str, answer_seconds: float, on_lost: Callable[[], None]) -> None:
        self._base, self._answer_seconds, self._on_lost = base, answer_seconds, on_lost
        self._client: socketio.Client | None = None
        # One message is several packets when it carries pictures: they must not mix with another's.
        self._sending = threading.Lock()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.unconfirmed = 0
        """Results in a row that were sent and not confirmed in time."""

    @property
    def connected(self) -> bool:
        """Whether results can be sent this way now."""
        client = self._client
        return client is not None and client.connected

    def connect(self) -> str:
        """Try once, for some seconds at most; "" when connected, else the reason."""
        self.drop()
        session = requests.Session()
        session.trust_env = False
        client = socketio.Client(reconnection=False, handle_sigint=False, logger=_quiet, engineio_logger=_quiet, request_timeout=_CONNECT_SECONDS,
                                 http_session=session, websocket_extra_options={"http_no_proxy": ["*"]})
        client.on("disconnect", lambda *reason: self._lost(client))
        try:
            client.connect(self._base, wait_timeout=_CONNECT_SECONDS)
        except Exception as error:  # the library stumbles over foreign servers in many ways; whichever, there is no connection
            _hang_up(client)
            session.close()
            return str(error) or type(error).__name__
        self._client = client
        return ""

    def send(self, entry: Entry) -> Answer | None:
        """Deliver one result and wait for the acknowledgement; None when none came: try another way."""
        client = self._client
        if client is None:
            return None
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._answers = answers
        message = {**entry.fields, **{f"{role}_image": data for role, data in entry.pictures.items()}}
        try:
            with self._sending:
                client.emit("capture_result", message, callback=lambda *args: answers.put(args))
            # A connection lost before this point has already told the answers before ours.
            args = answers.get(timeout=self._answer_seconds) if client.connected else None
        except socketio.exceptions.SocketIOError as error:
            log.debug("Socket.IO: %s", error)
            args = None
        except queue.Empty:
            log.info("The hub did not confirm the result of tag %s within %g s over Socket.IO.", entry.fields.get("tag"), self._answer_seconds)
            self.unconfirmed += 1
            args = None
        answer = read_answer(args[0]) if args else None
        if answer is None:
            self.drop()
        else:
            self.unconfirmed = 0
        return answer

    def send_status(self, status: dict[str, Any]) -> bool:
        """Tell the hub how the station is, without confirmation; whether there was a connection."""
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
        """End the connection, if there is one."""
        client, self._client = self._client, None
        if client is not None:
            _hang_up(client)
            self._answers.put(None)

    def _lost(self, client: socketio.Client) -> None:
        if client is self._client:
            self._answers.put(None)
            self._on_lost()


def _hang_up(client: socketio.Client) -> None:
    """End a connection without waiting for a peer that may be gone: the library's own way blocks as long as it likes."""
    engine = client.eio
    websocket = getattr(engine, "ws", None)
    link = getattr(websocket, "sock", None)
    if link is not None:
        try:
            link.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("Closing a connection that was closed already: %s", error)
    try:
        engine.disconnect(abort=True)
    except Exception as error:  # the library closes what is half closed in many ways; the connection is gone in all of them
        log.debug("Closing the Socket.IO connection: %s", error)
