"""The hub's end of a video source: its process, and the newest picture for any number of watchers."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gevent.event import Event
from gevent.threadpool import ThreadPool

from hub.runtime.offload import in_pool
from hub.runtime.time_limit import time_limit
from hub.vision.capture.errors import CLOSED, DIED, NO_START, TOO_LATE, SourceEnded, SourceError
from hub.vision.capture.target import Target, parse_target
from hub.vision.child import KILL_SECONDS, Child, describe_end
from hub.vision.wire import Message

__all__ = ["SourceEnded", "SourceError", "SourceInfo", "SourcePicture", "VideoSource"]

log = logging.getLogger(__name__)

START_SECONDS = 30.0
"""A process that has not loaded OpenCV after this time is killed; a cold disk is slow."""
WAIT_SECONDS = 0.5
"""How long one request waits in the process for a picture; other watchers wait for the same answer."""
ANSWER_SECONDS = 20.0
"""A process that has no answer this long after that is killed."""
OPEN_MARGIN_SECONDS = 0.2
"""FFmpeg notices the time limit itself, so that the process can say what went wrong."""

COMMAND = (sys.executable, "-m", "hub.vision.capture.worker")


@dataclass(frozen=True)
class SourcePicture:
    """A JPEG; `number` counts frames read, from 1; `seconds` is its position, for live ones since opening."""

    data: bytes
    number: int
    seconds: float
    width: int
    height: int


@dataclass(frozen=True)
class SourceInfo:
    """What a source says about itself: `frames` and `fps` are 0 where they are not known, sizes in pixels."""

    frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    live: bool = False


class VideoSource:
    """One video source in a process of its own. `next` may be called from many greenlets.

    `step` 0: a recording is played in real time and only the newest picture is given. Otherwise every `step`-th frame
    is given, from the first on, once and in order, as fast as `next` is called.
    """

    def __init__(
        self, target: int | str, open_seconds: float = 1.5, step: int = 0, command: tuple[str, ...] = COMMAND
    ) -> None:
        self._target, self._open_seconds, self._step, self._command = target, open_seconds, step, command
        self.info = SourceInfo()
        self._child: Child | None = None
        self._pool = ThreadPool(1)
        self._errors = tempfile.TemporaryFile()
        self._asking: Event | None = None  # set when the request that is in flight is answered
        self._newest: tuple[float, SourcePicture] | None = None  # when it was received
        self._failure: SourceError | SourceEnded | None = None
        self._closed, self._close_done = False, Event()

    @property
    def pid(self) -> int | None:
        """The id of the process that runs now."""
        return self._child.pid if self._child is not None and self._child.exit_status is None else None

    @property
    def is_over(self) -> bool:
        """True when no picture will come any more: ended, failed or closed."""
        return self._closed or self._failure is not None

    def open(self) -> None:
        """Start the process and open the source; call it once. Raises SourceError and then leaves nothing behind."""
        try:
            self._open(parse_target(self._target))
        except BaseException:
            self.close()
            raise

    def next(self, after: int, timeout: float) -> SourcePicture | None:
        """The newest picture with a number greater than `after`, or None when there was none within `timeout` seconds.

        Raises SourceEnded at the end of a recording, SourceError when the source or its process fails.
        """
        began = time.monotonic()
        end = began + timeout
        while True:
            picture = self._received_since(began, after)
            left = max(0.0, end - time.monotonic())
            if picture is None and self._asking is not None:
                self._asking.wait(left)
                picture = self._received_since(began, after)
            elif picture is None:
                picture = self._ask(after, min(left, WAIT_SECONDS))
            if picture is not None or time.monotonic() >= end:
                return picture

    def close(self) -> None:
        """Kill the process and wait until it has ended; again only waits for that. `next` then raises SourceError."""
        if self._closed:
            self._close_done.wait(KILL_SECONDS)
            return
        self._closed = True
        try:
            if self._child is not None:
                self._child.kill()
            self._pool.join()
            if self._child is not None:
                self._child.close_pipes()
            self._pool.kill()
            self._errors.close()
        finally:
            self._close_done.set()

    def _open(self, target: Target) -> None:
        try:
            child = self._child = Child(self._command, self._errors, target.environment)
        except OSError as error:
            log.warning("The process of a video source could not be started: %s.", error.strerror)
            raise SourceError.of(NO_START) from error
        ready = self._exchange(START_SECONDS, NO_START, child.receive)[0]
        if ready.get("state") != "ready":
            raise SourceError.of(NO_START)
        request = {
            "kind": target.kind,
            "place": target.place,
            "open_seconds": self._open_seconds,
            "step": self._step,
        }
        answer = self._exchange(self._open_seconds + OPEN_MARGIN_SECONDS, TOO_LATE, child.ask, request, b"")[0]
        if not isinstance(answer.get("info"), dict):
            raise SourceError.of(answer.get("error"))
        self.info = SourceInfo(**answer["info"])

    def _received_since(self, began: float, after: int) -> SourcePicture | None:
        """The picture that another watcher got while this one waited, as new as one asked for now."""
        if self._newest is None or self._step or self._newest[1].number <= after:
            return None
        return self._newest[1] if self._newest[0] >= began or self._failure is not None else None

    def _ask(self, after: int, wait: float) -> SourcePicture | None:
        """Ask the process for a picture while other watchers wait for the answer. Raises as `next`."""
        self._asking = asking = Event()
        try:
            return self._request(after, wait)
        finally:
            self._asking = None
            asking.set()

    def _request(self, after: int, wait: float) -> SourcePicture | None:
        """Ask the process for a picture. Raises as `next`, and from then on always."""
        if self._failure is not None:
            raise type(self._failure)(str(self._failure))
        if self._closed or self._child is None:
            raise SourceError.of(CLOSED)
        try:
            request = {"after": after, "timeout": wait}
            head, body = self._exchange(wait + ANSWER_SECONDS, DIED, self._child.ask, request, b"")
            if head.get("ended"):
                raise SourceEnded("The video has ended.")
            if "error" in head:
                raise SourceError.of(head["error"])
        except (SourceError, SourceEnded) as error:
            self._failure = error
            raise
        if head.get("picture") is None:
            return None
        picture = SourcePicture(body, **head["picture"])
        self._newest = time.monotonic(), picture
        return picture

    def _exchange(self, seconds: float, late: str, function: Callable[..., Message | None], *args: Any) -> Message:
        """Call `function` on the native thread of the pipes. Raises SourceError: of `late` when it takes too long."""
        with time_limit(seconds):
            try:
                message = in_pool(self._pool, function, *args)
            except (OSError, ValueError):  # a broken or closed pipe, or no message: the process is of no use any more
                message = None
            if message is not None:
                return message
            late = DIED if late != NO_START else NO_START
        if self._closed or self._child is None:
            raise SourceError.of(CLOSED)
        self._child.kill()
        if late != TOO_LATE:
            log.warning("The process of a video source ended: %s.", describe_end(self._child.exit_status, self._errors))
        raise SourceError.of(late)
