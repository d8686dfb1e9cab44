"""Games that hear every reading (docs/wire/apriltag.md 2.2, 3 and 5.3): a bounded queue and a sender for each.

A reading is framed once for all of them, and whoever publishes it never waits: not a board for its ack, not one game for another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event

from hub.apriltag.game_queue import GameQueue
from hub.contract.json_text import encode_text
from hub.net.transport import PeerStalled
from hub.websocket.connection import Prepared, WebSocket, WebSocketClosed, prepare
from hub.websocket.frames import TRY_LATER
from hub.websocket.keepalive import Spawn, plain_spawn

log = logging.getLogger(__name__)

CACHED = ("cached reading",)
# What a slow line may hold of the readings. More would only make a game see the past: its queue keeps the newest, a line cannot.
LINE_BYTES = 32 * 1024
LOOK_SECONDS = 0.02


class Game:
    """One game's WebSocket and what waits for it."""

    def __init__(self, websocket: WebSocket, name: str, address: str, limit: int) -> None:
        self.websocket = websocket
        self.name = name
        self.address = address
        self.queue = GameQueue(limit)
        self.ready = Event()
        self.ended = False
        self.sent = self.dropped = 0
        self.since = time.time()

    def status(self) -> dict[str, Any]:
        """A row of the status page; `dropped` are readings that gave way to newer ones."""
        return {
            "name": self.name,
            "address": self.address,
            "queue": len(self.queue),
            "behind": self.queue.behind,
            "sent": self.sent,
            "dropped": self.dropped,
            "since": self.since,
        }


class Games:
    """Every identified game. `limit` is the length of a queue in readings; a game that takes nothing for `stall_seconds` is dropped."""

    def __init__(self, limit: int, stall_seconds: float, spawn: Spawn = plain_spawn) -> None:
        self._limit, self._stall_seconds, self._spawn = limit, stall_seconds, spawn
        self._games: set[Game] = set()
        self.published = self.stalled = 0
        self._sent_before = self._dropped_before = 0  # by games that have gone

    def __len__(self) -> int:
        return len(self._games)

    def add(self, websocket: WebSocket, name: str, address: str, cached: dict[str, Any] | None = None) -> Game:
        """Send every reading published from now on to `websocket`, after the `cached` one if there is any. Its door goes on receiving from it."""
        game = Game(websocket, name, address, self._limit)
        self._games.add(game)
        if cached is not None:
            self.replay(game, cached)
        self._spawn(f"game {websocket.peer}", self._send_to, game)
        return game

    def replay(self, game: Game, message: dict[str, Any]) -> None:
        """Queue a reading that was there before, for this game alone."""
        self._put(game, CACHED, prepare(encode_text(message)))

    def remove(self, game: Game) -> None:
        """Send nothing more to `game`. Twice does no harm."""
        if game not in self._games:
            return
        self._games.discard(game)
        game.ended = True
        game.dropped += game.queue.clear()
        self._sent_before += game.sent
        self._dropped_before += game.dropped
        game.ready.set()

    def publish(self, message: dict[str, Any], key: Hashable) -> int:
        """Queue a reading for every game; `key` is its board and tag. The number of games. Never waits."""
        self.published += 1
        if not self._games:
            return 0
        frame = prepare(encode_text(message))
        for game in self._games:
            self._put(game, key, frame)
        return len(self._games)

    def _put(self, game: Game, key: Hashable, frame: Prepared) -> None:
        game.dropped += game.queue.put(key, frame)
        game.ready.set()

    def _send_to(self, game: Game) -> None:
        """The game's sender. A send that is given up leaves half a frame, so the connection ends with it and nothing follows."""
        try:
            while not game.ended:
                if not self._takes_more(game):
                    self._note_stall(game, f"took nothing for {self._stall_seconds:g} s")
                    game.websocket.close(TRY_LATER, "Too slow: connect again.")
                    break
                frames = game.queue.take()
                if not frames:
                    game.ready.clear()
                    game.ready.wait()
                    continue
                game.websocket.send(
                    frames[0] if len(frames) == 1 else Prepared(b"".join(frames)), timeout=self._stall_seconds
                )
                game.sent += len(frames)
        except WebSocketClosed as error:
            if isinstance(error.__cause__, PeerStalled):
                self._note_stall(game, str(error.__cause__))
            log.debug("A game has gone: %s", error)
        finally:
            self.remove(game)

    def _takes_more(self, game: Game) -> bool:
        """Wait while the line holds what was sent before; False when it took nothing for too long."""
        held, since = game.websocket.unsent, monotonic()
        while held > LINE_BYTES and not game.ended and not game.websocket.closed:
            gevent.sleep(LOOK_SECONDS)
            if (holds := game.websocket.unsent) < held:
                held, since = holds, monotonic()
            elif monotonic() - since > self._stall_seconds:
                return False
        return True

    def _note_stall(self, game: Game, reason: str) -> None:
        self.stalled += 1
        log.warning(
            "The game %s at %s is disconnected: it %s.", game.name or "without a name", game.websocket.peer, reason
        )

    def status(self) -> dict[str, Any]:
        """For the status page: totals since the start, and a row for each game, oldest first."""
        games = sorted(self._games, key=lambda game: game.since)
        return {
            "games": [game.status() for game in games],
            "published": self.published,
            "stalled": self.stalled,
            "sent": self._sent_before + sum(game.sent for game in games),
            "dropped": self._dropped_before + sum(game.dropped for game in games),
        }
