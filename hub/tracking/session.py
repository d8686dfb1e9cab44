"""One tracking session: the messages of one client, its frames and the source that it follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.contract.errors import RequestError
from hub.runtime.budget import Budget
from hub.runtime.spawn import Spawn
from hub.tracking.analysis import Analysis
from hub.tracking.contract import replies
from hub.tracking.contract.messages import Ping, SingleFrame, StartTracking, StopTracking, parse_message
from hub.tracking.feeds import Feed
from hub.tracking.finder import Finder, OnSighting
from hub.tracking.following import Following
from hub.tracking.newest_frame import NewestFrame
from hub.tracking.peer import Peer
from hub.tracking.persons import Persons

FRAMES = "frames"
"""The source of pictures that the client sends itself."""


@dataclass(frozen=True)
class Tools:
    """What every session uses. `open_feed(source)` opens what a client named; it raises FeedFailed."""

    analysis: Analysis
    persons: Persons
    open_feed: Callable[[Any], Feed]
    spawn: Spawn
    frames: Budget
    max_distance: float
    max_fps: float
    on_sighting: OnSighting | None


class Session:
    """Handles the messages of one client. Errors become statuses; none ends the connection."""

    def __init__(self, session_id: str, address: str, peer: Peer, tools: Tools) -> None:
        self.id, self.address, self.peer, self._tools = session_id, address, peer, tools
        self.analysed = 0
        self.used = False  # whether it has asked for any analysis
        self._newest = NewestFrame(tools.frames)
        self._analysing = False
        self._following: Following | None = None
        self._closed = False

    @property
    def is_following(self) -> bool:
        """Whether it follows a source now."""
        return self._following is not None

    def on_message(self, data: dict[str, Any]) -> None:
        """Handle one message. Raises RequestError with a sentence for the client."""
        message = parse_message(data, self._tools.max_fps)
        if isinstance(message, SingleFrame):
            self._on_frame(message)
        elif isinstance(message, StartTracking):
            self._on_start(message)
        elif isinstance(message, StopTracking):
            self._on_stop()
        elif isinstance(message, Ping):
            self.peer.status(replies.PONG, "Connection active")

    def _on_frame(self, message: SingleFrame) -> None:
        self._tools.persons.open(message.wanted.embedding)
        self.used = True
        self._newest.put(message)
        if not self._analysing:
            self._analysing = True
            self._tools.spawn(f"frames of tracking session {self.id}", self._analyse_frames)

    def _on_start(self, message: StartTracking) -> None:
        self._tools.persons.open(message.wanted.embedding)
        self.used = True
        shown = shown_source(message.source)
        self.peer.status(replies.TRACKING_STARTED, f"Started tracking on source: {shown}")
        if self._following is not None:
            self._following.stop()
        following = self._following = Following(message, shown, self.peer)
        self._tools.spawn(f"source of tracking session {self.id}", self._follow, following, message)

    def _on_stop(self) -> None:
        self.peer.status(replies.TRACKING_STOPPED)
        if self._following is not None:
            self._following.stop()
            self._following = None

    def _follow(self, following: Following, message: StartTracking) -> None:
        name = message.source if isinstance(message.source, str) else f"camera {message.source}"
        try:
            following.run(lambda: self._tools.open_feed(message.source), self._finder(shown_source(name)))
        finally:
            if self._following is following:
                self._following = None

    def _analyse_frames(self) -> None:
        finder = self._finder(FRAMES)
        while (frame := self._newest.take()) is not None:
            self.analysed += 1
            try:
                found = finder.find(frame.frame, frame.wanted, self.analysed)
            except RequestError as error:
                if not self._closed:
                    self.peer.status(replies.ERROR, error.message)
                continue
            if not self._closed:
                self.peer.matches(found.matches, found.frame_info, **found.more)

    def _finder(self, source: str) -> Finder:
        tools = self._tools
        return Finder(tools.analysis, tools.persons, tools.max_distance, self.id, source, tools.on_sighting)

    def close(self) -> None:
        """End what runs for the session; its client has gone or another one has its id."""
        self._closed = True
        self._newest.close()
        if self._following is not None:
            self._following.stop()
            self._following = None

    def status(self) -> dict[str, Any]:
        """A row of the status page."""
        return {
            "session": self.id,
            "address": self.address,
            "frames": self.analysed,
            "replaced": self._newest.replaced,
            "following": self.is_following,
        }


def shown_source(source: Any) -> str:
    """A client's `video_source` in a status, cut."""
    return str(source)[:100] if isinstance(source, (str, int, float)) or source is None else type(source).__name__
