"""The event protocol of AprilTag boards and games over a raw WebSocket (docs/wire/apriltag.md 2.2 and 5).

No message closes the connection, since a board with ArduinoWebsockets connects once and never reconnects (1.4).
"""

from __future__ import annotations

import logging
import time
from typing import Any

from hub.access.admissions import Attempt
from hub.access.credentials import TOKEN_KEY
from hub.access.open_connections import OpenConnection
from hub.access.tokens import BoardToken
from hub.apriltag.access import BOARDS, GAMES, is_admitted
from hub.apriltag.boards import Boards
from hub.apriltag.commands import BoardCommands
from hub.apriltag.contract.decoding import READING_BYTES, decode_reading
from hub.apriltag.contract.reading import parse_readings
from hub.apriltag.games import Game, Games
from hub.apriltag.service import AprilTags
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.json_text import encode_text
from hub.contract.roles import Requirement
from hub.contract.text import clean
from hub.net.wsgi import Environ
from hub.video.store import FrameStore
from hub.websocket.connection import DiscardedMessage, WebSocket, prepare
from hub.websocket.routes import limit_messages

log = logging.getLogger(__name__)

TRANSPORT = "websocket"
MAX_TEXT = 64 * 1024
MAX_NAME = 100
# Why a message was ignored, as the status page counts it.
READING_OF_NO_BOARD = "reading of a socket that is no board"
PICTURE_OF_NO_BOARD = "picture of a socket that is no board"
NO_TOKEN = "board without the right token"
BAD_PICTURE = "binary message that was not taken as a picture"
BAD_READING = "reading that cannot be read"
BAD_JSON = "text that is no JSON object"
TOO_LONG = "text over 64 KB"
SKIPPED = "message over 64 KB of a socket that is no board"
TOO_MANY = "message beyond limits.messages_per_second"
UNKNOWN = "unknown event"
EMPTY_FRAME = "video_frame, which carries no picture"  # docs/wire/apriltag.md 1.5
WELCOME = prepare('{"event":"connection_success","message":"WebSocket connected - send identify event"}')
ACK = prepare('{"event":"apriltag_ack","status":"received"}')
BOARD_IDENTIFIED = prepare('{"event":"identify_success","client_type":"esp32"}')
GAME_IDENTIFIED = prepare('{"event":"identify_success","client_type":"gdevelop"}')
NO_DATA = prepare('{"event":"no_data_available"}')


class TagSockets:
    """Serves boards and games; `open` is the number of their sockets, identified or not."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.open = 0

    def serve(self, socket: WebSocket, environ: Environ) -> list[bytes]:
        """Serve a board or a game until it disconnects."""
        limit_messages(socket, self._hub.settings.apriltag.max_message_mb)
        connection = Connection(self._hub, socket, environ)
        self.open += 1
        try:
            socket.send(WELCOME)
            while (message := socket.receive()) is not None:
                connection.on_message(message)
        finally:
            self.open -= 1
            connection.release_role()
        return []


class Connection:
    """One connection: the role it has identified as (board, game or none) and the handlers of its messages."""

    def __init__(self, hub: Hub, socket: WebSocket, environ: Environ) -> None:
        self._socket, self._environ, self._gate = socket, environ, hub.gate
        self._address: str = environ.get("REMOTE_ADDR", "")
        self._token, self._boards, self._games = hub.part(BoardToken), hub.part(Boards), hub.part(Games)
        self._commands, self._connections = hub.part(BoardCommands), hub.connections
        self._apriltags, self._frames = hub.part(AprilTags), hub.part(FrameStore)
        self._lane = hub.lanes.json
        self._is_board = False
        self._game: Game | None = None
        self._watched: OpenConnection | None = None
        self._refusals = 0
        self._too_fast = False
        socket.max_buffered_bytes = MAX_TEXT  # larger messages of unidentified peers are not buffered

    def on_message(self, message: str | bytes) -> None:
        """Handle one message. One beyond the rate of its device is not acknowledged: a board does not wait for that."""
        if not self._gate.within_rate(self._environ, self._gate.principal(self._environ)):
            self._on_too_many()
        elif isinstance(message, DiscardedMessage):
            self._ignore(SKIPPED)
        elif isinstance(message, bytes):
            self._on_picture(message)
        elif len(message) > MAX_TEXT:
            self._ignore(TOO_LONG)
        else:
            self._on_text(message)

    def release_role(self) -> None:
        """Be no board and no game: the connection has ended, identifies as something else, or lost its access."""
        self._watch(None)
        if self._game is not None:
            self._games.remove(self._game)
            self._game = None
        if self._is_board:
            self._is_board = False
            self._socket.max_buffered_bytes = MAX_TEXT
            self._boards.disconnected(self._address, self._socket)
            self._commands.remove(self._socket)

    def _watch(self, environ: Environ | None, required: Requirement = GAMES) -> None:
        """Give the role up as soon as the sender of `environ` may not have it; None: no longer look."""
        if self._watched is not None:
            self._connections.remove(self._watched)
        self._watched = None if environ is None else self._connections.add(environ, required, self.release_role)

    def _ignore(self, reason: str) -> None:
        self._apriltags.ignore(TRANSPORT, reason)

    def _on_too_many(self) -> None:
        self._ignore(TOO_MANY)
        if not self._too_fast:
            self._too_fast = True
            log.warning(
                "A board or game at %s sends faster than limits.messages_per_second allows; some of its messages are "
                "ignored.",
                self._address,
            )

    def _on_text(self, text: str) -> None:
        """Decode a message and call the handler of its event."""
        try:
            large = len(text) > READING_BYTES
            message = self._lane.run(decode_reading, text) if large else decode_reading(text)
        except RequestError as error:
            self._ignore(TOO_LONG if error.status == 413 else BAD_JSON)
            return
        event = message.get("event")
        if event is None and isinstance(message.get("tags"), list):
            event = "apriltag_data"  # the first build (docs/wire/apriltag.md 1.0)
        handle = EVENTS.get(event) if isinstance(event, str) else None
        if handle is None:
            self._ignore(UNKNOWN)
        else:
            handle(self, message)

    # -- identification

    def _on_identify(self, message: dict[str, Any]) -> None:
        data = message.get("data")
        data = data if isinstance(data, dict) else {}
        if str(data.get("type")).strip().lower() == "esp32":
            self._identify_board(data)
        else:
            self._identify_game(data)

    def _identify_board(self, data: dict[str, Any]) -> None:
        token = data.get("auth_token")
        of_boards = self._token.matches(token)
        by = None if of_boards else self._device_environ(token)
        if not of_boards and by is None:
            self.release_role()
            self._refuse("Missing auth_token" if token in (None, "") else "Invalid auth_token")
            return
        if not self._is_board:
            self.release_role()
            self._is_board = True
            self._socket.max_buffered_bytes = None
            self._boards.connected(self._address, self._socket)
        self._watch(by, BOARDS)
        self._record_activity(_name(data.get("camera_name") or data.get("device")))
        self._socket.send(BOARD_IDENTIFIED)

    def _device_environ(self, token: object) -> Environ | None:
        """The environment by which a board is a device that was let in: with its token, or at its address."""
        by_token = {**self._environ, TOKEN_KEY: token, "REMOTE_ADDR": ""}
        if isinstance(token, str) and self._gate.identify_again(by_token).allows(BOARDS.role):
            return by_token
        return self._environ if is_admitted(self._gate, self._environ, TRANSPORT) else None

    def _may_listen(self) -> bool:
        """Whether this sender may be a game; one that may not is told so, and appears as waiting."""
        if self._gate.principal(self._environ).allows(GAMES.role, GAMES.readers):
            return True
        self._gate.admissions.note(Attempt(self._address, "game", self._environ.get("PATH_INFO", "")))
        self._refuse("Not admitted")
        return False

    def _refuse(self, error: str) -> None:
        self._ignore(NO_TOKEN)
        self._refusals += 1
        if self._refusals == 1:
            log.warning(
                "A board or game at %s is refused: %s. What it sends is ignored until it identifies with the token of "
                "apriltag.token, or is let in.",
                self._address,
                error,
            )
        self._socket.send(
            encode_text(
                {"event": "auth_failed", "error": error, "message": "Authentication required - check your auth_token"}
            )
        )

    def _identify_game(self, data: dict[str, Any]) -> None:
        name = _name(data.get("name"))
        if not self._may_listen():
            return
        if self._game is None:
            self.release_role()
            self._socket.send(GAME_IDENTIFIED)
            self._join(name)
            return
        self._game.name = name or self._game.name
        self._socket.send(GAME_IDENTIFIED)
        if (newest := self._apriltags.newest()) is not None:
            self._games.replay(self._game, newest)

    def _join(self, name: str = "") -> None:
        """Become a game: receive the cached reading, then every new one; none is missed, as this does not yield."""
        self._game = self._games.add(self._socket, name, self._address, self._apriltags.newest())
        self._watch(self._environ)

    # -- messages of games

    def _on_request_latest(self, _: dict[str, Any]) -> None:
        if not self._is_board and not self._may_listen():
            return
        newest = self._apriltags.newest()
        if self._game is None and not self._is_board:
            self._join()
        elif newest is not None and self._game is not None:
            self._games.replay(self._game, newest)
        elif newest is not None:
            self._socket.send(encode_text(newest))
        if newest is None:
            self._socket.send(NO_DATA)

    def _on_game_event(self, _: dict[str, Any]) -> None:
        if self._game is None and not self._is_board and self._may_listen():
            self._join()

    def _on_ping(self, _: dict[str, Any]) -> None:
        if self._is_board:
            self._record_activity()
        self._socket.send(encode_text({"event": "pong", "timestamp": time.time()}))

    # -- messages of boards

    def _record_activity(self, name: str = "") -> None:
        self._boards.received(self._address, TRANSPORT, name=name)

    def _on_reading(self, message: dict[str, Any]) -> None:
        if not self._is_board:
            self._ignore(READING_OF_NO_BOARD)
            return
        try:
            readings = parse_readings(message)
        except RequestError:
            self._ignore(BAD_READING)
            return
        try:
            self._socket.send(ACK)  # first: a board must not wait for games
        finally:
            for reading in readings:
                self._apriltags.accept(reading, self._address, TRANSPORT)

    def _on_video_frame(self, _: dict[str, Any]) -> None:
        self._ignore(EMPTY_FRAME if self._is_board else PICTURE_OF_NO_BOARD)
        if self._is_board:
            self._record_activity()

    def _on_picture(self, data: bytes) -> None:
        if not self._is_board:
            self._ignore(PICTURE_OF_NO_BOARD)
            return
        began = time.monotonic()
        try:
            self._frames.put(self._address, data, TRANSPORT, began)
        except RequestError:
            self._ignore(BAD_PICTURE)
        else:
            self._record_activity()


EVENTS = {
    "identify": Connection._on_identify,
    "apriltag_data": Connection._on_reading,
    "ping": Connection._on_ping,
    "request_latest_data": Connection._on_request_latest,
    "event_FromGDevelop": Connection._on_game_event,
    "video_frame": Connection._on_video_frame,
}


def _name(value: object) -> str:
    return clean(value)[:MAX_NAME] if isinstance(value, str) else ""
