"""One `start_tracking`: a source is opened, its newest pictures are analysed, until it ends or is stopped."""

from __future__ import annotations

import time
from typing import Any, Protocol

import gevent

from hub.contract.errors import RequestError
from hub.runtime.log_throttle import LogThrottle
from hub.tracking.contract import replies
from hub.tracking.contract.messages import StartTracking
from hub.tracking.feeds import SILENT_SECONDS, Feed, FeedEnded, FeedFailed
from hub.tracking.finder import Finder, Found

WAIT_SECONDS = 1.0
ERROR_SECONDS = 5.0  # between two statuses about pictures that cannot be analysed
NO_MORE = "No more frames from video source"


class Replies(Protocol):
    """What a following tells its client."""

    def status(self, name: str, message: str = "") -> None: ...

    def matches(self, found: list[dict[str, Any]], frame_info: dict[str, Any], **more: Any) -> None: ...


class Following:
    """Follows one source for one session. `run` is a greenlet; `stop` ends it and reports `video_closed` at once."""

    def __init__(self, start: StartTracking, shown: str, replies_to: Replies) -> None:
        self._start, self._shown, self._peer = start, shown, replies_to
        self._stopped = False
        self._had_matches = False
        self._errors = LogThrottle(ERROR_SECONDS)

    def stop(self) -> None:
        """End it; what is being analysed is not reported any more. Calling it twice has no effect."""
        if not self._stopped:
            self._stopped = True
            self._peer.status(replies.VIDEO_CLOSED)

    def run(self, open_feed: Any, finder: Finder) -> None:
        """Open the source by `open_feed()`, which raises FeedFailed, and follow it."""
        try:
            feed: Feed = open_feed()
        except FeedFailed as error:
            if not self._stopped:
                self._peer.status(replies.ERROR, str(error))
            self.stop()
            return
        try:
            if not self._stopped:
                self._peer.status(replies.VIDEO_OPENED, f"Opened video source: {self._shown}")
                self._follow(feed, finder)
        except FeedEnded:
            self._warn(NO_MORE)
        except FeedFailed as error:
            self._warn(f"{NO_MORE}: {error}")
        finally:
            feed.close()
            self.stop()

    def _follow(self, feed: Feed, finder: Finder) -> None:
        due, heard, silent = 0.0, time.monotonic(), False
        while not self._stopped:
            gevent.sleep(max(0.0, min(WAIT_SECONDS, due - time.monotonic())))
            if time.monotonic() < due:
                continue
            picture = feed.next(WAIT_SECONDS)
            now = time.monotonic()
            if picture is None:
                if not silent and now - heard > SILENT_SECONDS:
                    silent = True
                    self._warn(f"No pictures have come from {self._shown} for {SILENT_SECONDS:g} s; still waiting.")
                continue
            heard, silent = now, False
            # From when it was due, so that the average rate is kept too.
            due = max(due + 1 / self._start.fps, now)
            self._analyse(finder, picture.data, picture.number)

    def _analyse(self, finder: Finder, data: bytes, number: int) -> None:
        try:
            found = finder.find(data, self._start.wanted, number)
        except RequestError as error:
            if not self._stopped and self._errors.due():
                self._peer.status(replies.ERROR, error.message)
            gevent.sleep(0.2)
            return
        self._report(found)

    def _report(self, found: Found) -> None:
        """Send matches; of pictures without any the first one after matches, which clears what a client has drawn."""
        wanted = bool(found.matches) or self._had_matches or found.others is not None
        self._had_matches = bool(found.matches)
        if wanted and not self._stopped:
            self._peer.matches(found.matches, found.frame_info, **found.more)

    def _warn(self, message: str) -> None:
        if not self._stopped:
            self._peer.status(replies.WARNING, message)
