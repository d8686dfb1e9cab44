"""The interface of a camera source, and the context it works in."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from agent_lib.cameras.frames import Frame
from agent_lib.settings import CameraSettings


class SourceError(Exception):
    """A camera cannot be opened or delivers no more frames. The message is for operators and contains no secrets.

    If `whole`, the message is complete; otherwise the camera's address is put in front of it.
    """

    def __init__(self, text: str, whole: bool = False) -> None:
        super().__init__(text)
        self.whole = whole


@dataclass(frozen=True)
class SourceContext:
    """What a source gets: settings, redacted address for messages, stop event, and the callback for bad frames."""

    settings: CameraSettings
    address: str
    stop: threading.Event
    on_bad: Callable[[str], None]


class Source(ABC):
    """A way to get frames. Used by one thread, except `interrupt`; created without I/O, opened once, read, closed."""

    @abstractmethod
    def open(self) -> None:
        """Open the source; may block. Raises SourceError."""

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame; may block. None when there was none this time. Raises SourceError when no more will come."""

    def interrupt(self) -> None:  # noqa: B027  optional: not every source can be interrupted
        """End a blocking open or read now, where that is possible. Called from another thread."""

    @abstractmethod
    def close(self) -> None:
        """Release all resources; may be called without open()."""


class Pace:
    """Limits a source that could deliver faster to `fps` frames per second."""

    def __init__(self, fps: float, stop: threading.Event) -> None:
        self._interval = 1.0 / max(0.01, fps)
        self._stop = stop
        self._due = 0.0

    def wait(self) -> bool:
        """Wait until the next frame is due; False when stopped meanwhile. Late frames are not caught up on."""
        now = time.monotonic()
        if self._stop.wait(max(0.0, self._due - now)):
            return False
        self._due = max(self._due, now - self._interval) + self._interval
        return True
