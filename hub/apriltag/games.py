"""Games, which receive every reading (docs/wire/apriltag.md 2.2, 3 and 5.3): a bounded queue and a sender for each.

A reading is framed once for all of them, and publishing never blocks: neither a board's acknowledgement nor another
game waits for a slow one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from typing import Any

from hub.contract.json_text import encode_text
from hub.live.channel import Message
from hub.live.queues import NewestPerKey
from hub.live.sender import Counters, Sender
from hub.net.transport import PeerStalled
from hub.runtime.spawn import Spawn, plain_spawn
from hub.websocket.connection import WebSocket, prepare
from hub.websocket.frames import GOING_AWAY, TRY_LATER

log = logging.getLogger(__name__)

CACHED = ("cached reading",)
# How much of the readings a slow connection's send buffer may hold. More would only show the game old readings: its
# queue keeps the newest, a send buffer cannot.
MAX_UNSENT_BYTES = 32 * 1024


class Game:
    """One game's WebSocket, its queue and its sender."""

    def __init__(self, websocket: WebSocket, name: str, address: str, limit: int, stall_seconds: float) -> None:
        self.name = name
        self.address = address
        self.queue = NewestPerKey(limit)
        self.counters = Counters()
        self.sender = Sender(
            websocket, self.queue, stall_seconds, max_unsent_bytes=MAX_UNSENT_BYTES, counters=self.counters
        )
        self.since = time.time()

    def status(self) -> dict[str, Any]:
        """A row of the status page; `dropped` are readings that newer ones replaced."""
        return {
            "name": self.name,
            "address": self.address,
            "queue": len(self.queue),
            "behind": self.queue.behind,
            "sent": self.counters.sent,
            "dropped": self.counters.dropped,
            "since": self.since,
        }


class Games:
    """Every identified game. `limit` is the length of a queue in readings.

    A game that takes nothing for `stall_seconds` is disconnected.
    """

    def __init__(self, limit: int, stall_seconds: float, spawn: Spawn = plain_spawn) -> None:
        self._limit, self._stall_seconds, self._spawn = limit, stall_seconds, spawn
        self._games: set[Game] = set()
        self.published = self.stalled = 0
        self._before = Counters()  # of games that have gone

    def __len__(self) -> int:
        return len(self._games)

    def add(self, websocket: WebSocket, name: str, address: str, cached: dict[str, Any] | None = None) -> Game:
        """Send every reading published from now on to `websocket`, after the `cached` one if there is any.

        The caller goes on receiving from it.
        """
        game = Game(websocket, name, address, self._limit, self._stall_seconds)
        self._games.add(game)
        if cached is not None:
            self.replay(game, cached)
        self._spawn(f"game {websocket.peer}", self._send_to, game)
        return game

    def replay(self, game: Game, message: dict[str, Any]) -> None:
        """Queue an earlier reading for this game alone."""
        game.counters.dropped += game.queue.put(CACHED, prepare(encode_text(message)))

    def remove(self, game: Game) -> None:
        """Send nothing more to `game`. Calling it twice does no harm."""
        if game not in self._games:
            return
        self._games.discard(game)
        game.counters.dropped += game.queue.clear()
        self._before.sent += game.counters.sent
        self._before.dropped += game.counters.dropped
        game.sender.end()

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> int:
        """Queue a reading for every game but `skip`; the number of them. `key` is the reading's board and tag.

        A callable is called once, with None, and only when there is a game.
        """
        self.published += 1
        games = [game for game in self._games if game is not skip]
        if not games:
            return 0
        framed = prepare(message(None) if callable(message) else message)
        for game in games:
            game.counters.dropped += game.queue.put(key, framed)
        return len(games)

    def close(self) -> None:
        """Disconnect every game once the message being sent to it has gone out."""
        for game in tuple(self._games):
            game.sender.dismiss(GOING_AWAY, "")

    def status(self) -> dict[str, Any]:
        """For the status page: totals since the start, and a row for each game, oldest first."""
        games = sorted(self._games, key=lambda game: game.since)
        return {
            "games": [game.status() for game in games],
            "published": self.published,
            "stalled": self.stalled,
            "sent": self._before.sent + sum(game.counters.sent for game in games),
            "dropped": self._before.dropped + sum(game.counters.dropped for game in games),
        }

    def _send_to(self, game: Game) -> None:
        """The game's greenlet. After an abandoned write the connection ends, since half a frame was sent."""
        websocket = game.sender.websocket
        try:
            game.sender.run()
        except PeerStalled as error:
            self.stalled += 1
            log.warning(
                "The game %s at %s is disconnected: it %s.", game.name or "without a name", websocket.peer, error
            )
            websocket.close(TRY_LATER, "Too slow: connect again.")
        finally:
            self.remove(game)
