"""Raw WebSocket by port and path: capture results on 2020, licence-plate cameras on 8765, AprilTag boards and games, pages on `/events`.

A WSGI layer in front of Flask; it refuses before the upgrade what it does not serve.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from ..background import offload
from ..context import Hub
from ..contract.errors import ContractError, error_body
from ..contract.json_text import decode_object, encode_text
from ..contract.station import parse_capture
from ..events import CAMERA_STATUS, CAPTURE_STORED, DETECTION_STORED, STATION_CHANGED, WATCHLIST_ALERT
from ..links import host_name
from ..security import board_door
from ..services.station import CaptureStored
from ..wsgi import respond
from . import apriltag_rawws, lpr_rawws, video_stream
from .lpr_sio import OLDER

log = logging.getLogger(__name__)

ENGINE_IO = ("/socket.io",)
OLDER_ENGINE_IO = ("/ws/", "/ws")   # wire/lpr.md 1.6
SMALL = 64 * 1024


def limit_messages(socket: Any, megabytes: int) -> None:
    """Larger messages end the connection with 1009, at their header."""
    socket.max_message_bytes = min(socket.max_message_bytes, megabytes * 1024 * 1024)


class RawWebSockets:
    """WSGI middleware; plain requests and Engine.IO pass through."""

    def __init__(self, app: Callable[..., Iterable[bytes]], hub: Hub) -> None:
        self._app, self._hub = app, hub
        hub.bus.subscribe(CAPTURE_STORED, self._capture_stored)
        hub.bus.subscribe(STATION_CHANGED, self._station_changed)
        hub.bus.subscribe(DETECTION_STORED, lambda event: self._tell_pages("detection", lambda: event.shown))
        hub.bus.subscribe(CAMERA_STATUS, lambda status: self._tell_pages("camera", lambda: status))
        hub.bus.subscribe(WATCHLIST_ALERT, lambda alert: self._tell_pages("alert", lambda: alert))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        socket = environ.get("wsgi.websocket")
        path = environ.get("PATH_INFO", "")
        if path in OLDER_ENGINE_IO and "EIO=" in environ.get("QUERY_STRING", ""):
            environ["PATH_INFO"] = path = "/socket.io/"
            environ[OLDER] = True
        if socket is None or path.startswith(ENGINE_IO):
            if socket is not None:
                self._hub.rooms.upgrading(environ, socket)
            return self._app(environ, start_response)
        if path == "/events":
            socket.max_message_bytes = SMALL   # pages only listen
            return self._listen(self._hub.pages, socket, environ, None)
        if path == "/ws/video":
            return self._video(socket, environ, start_response)
        settings = self._hub.settings
        if board_door(environ) == "socket":
            limit_messages(socket, settings.apriltag.max_message_mb)
            return apriltag_rawws.serve(self._hub, socket, environ)
        if environ.get("gatehouse.listener") == "lpr":
            limit_messages(socket, settings.lpr.max_message_mb)
            return lpr_rawws.serve(self._hub, socket, environ)
        if environ.get("gatehouse.listener") == "results":
            limit_messages(socket, settings.results.max_message_mb)
            return self._listen(self._hub.result_listeners, socket, environ, self._pushed)
        return respond(start_response, 404, error_body("No raw WebSocket is served at this port and path; AprilTag boards and games connect to / or /websocket of the main or the apriltag port, listeners of capture results to the results port."))

    def _video(self, socket: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return video_stream.serve(self._hub, socket, environ)
        except ContractError as error:
            return respond(start_response, error.status, error.body(), error.retry_after)

    def _listen(self, fanout: Any, socket: Any, environ: dict[str, Any], received: Callable[..., str] | None) -> Iterable[bytes]:
        """Keep a client among the listeners until it goes; what it sends is answered by `received`, or ignored."""
        host = host_name(environ.get("HTTP_HOST"))
        listener = fanout.add(socket, host)
        try:
            while (message := socket.receive()) is not None:
                if received is not None:
                    with fanout.hold(listener):
                        socket.send(received(message, listener, host))
        finally:
            fanout.remove(listener)
        return []

    def _pushed(self, message: str | bytes, listener: object, host: str) -> str:
        """A sender pushes a capture result: the text of the answer."""
        try:
            data = decode_object(message) if len(message) < SMALL else offload(decode_object, message)
            limit = self._hub.settings.limits.max_picture_mb * 1024 * 1024
            stored = self._hub.captures.accept(offload(parse_capture, data, None, limit), listener)
        except ContractError as error:
            return encode_text(error.body())
        body = self._hub.captures.answer(stored, host)
        return encode_text(body | {"status": "received", "received": self._hub.captures.public(stored.row, host)})

    def _capture_stored(self, event: CaptureStored) -> None:
        def text(host: str) -> str:
            return encode_text(self._hub.captures.public(event.row, host))

        self._hub.result_listeners.publish(text, skip=event.origin)
        self._hub.pages.publish(lambda host: encode_text({"event": "capture", "capture": self._hub.captures.public(event.row, host)}))

    def _station_changed(self, shown: dict[str, Any]) -> None:
        self._hub.pages.publish(encode_text({"event": "station", "station": shown}))

    def _tell_pages(self, event: str, shown: Callable[[], dict[str, Any]]) -> None:
        if len(self._hub.pages):
            self._hub.pages.publish(encode_text({"event": event, event: shown()}))
