"""What every kind of camera source offers, and what it is given."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent_lib.cameras.frames import Frame


class SourceError(Exception):
    """A camera cannot be opened or gives no more pictures. The text is the reason for people, without secrets.

    `whole` says that the text is complete; otherwise the camera's address goes in front of it.
    """

    def __init__(self, text: str, whole: bool = False) -> None:
        super().__init__(text)
        self.whole = whole


@dataclass(frozen=True)
class SourceContext:
    """The camera a source works for: its settings, its address for messages (redacted), its stop event, and whom to
    tell of a bad picture.
    """

    settings: Any
    address: str
    stop: threading.Event
    on_bad: Callable[[str], None]


class Source(ABC):
    """Used by one thread, except `interrupt`. Made without I/O, opened once, read until it fails, closed."""

    @abstractmethod
    def open(self) -> None:
        """Open it; may block. Raises SourceError."""

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame; may block. None when there was none this time. Raises SourceError when no more will come."""

    def interrupt(self) -> None:  # noqa: B027  optional: not every source can be interrupted
        """End a blocking open or read now, where that is possible. Called from another thread."""

    @abstractmethod
    def close(self) -> None:
        """Release everything; may be called without open()."""


class Pace:
    """Keeps to `fps` pictures a second for sources that could give more."""

    def __init__(self, fps: float, stop: threading.Event) -> None:
        self._interval = 1.0 / max(0.01, fps)
        self._stop = stop
        self._due = 0.0

    def wait(self) -> bool:
        """Wait for the next picture's time; False when it ends in stop. Time lost is not made up for."""
        now = time.monotonic()
        if self._stop.wait(max(0.0, self._due - now)):
            return False
        self._due = max(self._due, now - self._interval) + self._interval
        return True
