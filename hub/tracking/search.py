"""One search for a person in a recorded video or picture."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from gevent.event import Event

from hub.contract.errors import ContractError, RequestError
from hub.runtime.offload import offload
from hub.runtime.worker_place import worker_place
from hub.tracking.analysis import Analysis
from hub.tracking.contract.replies import match_object
from hub.tracking.envelope import Embedding
from hub.tracking.videos import is_picture
from hub.vision.capture.errors import SourceEnded, SourceError
from hub.vision.capture.source import VideoSource

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
MAX_MATCHES = 5000
MAX_PICTURE_BYTES = 50_000_000
OPEN_SECONDS, WAIT_SECONDS = 10.0, 1.0
SUCCESSIVE_SECONDS = 0.25
"""Frames farther apart may show another person at the same place: no tracks are followed over them."""
INTERRUPTED = "The search was interrupted by an error in the hub; the hub's log says more."


class Search:
    """A search with its progress. `max_distance` is the limit of a match; every `step`-th frame is examined."""

    def __init__(self, path: Path, name: str, embedding: Embedding, max_distance: float, step: int) -> None:
        self.id = worker_place().marked(str(uuid.uuid4()))
        self.status = QUEUED
        self.ended = Event()
        self.ended_at = 0.0  # monotonic
        self.error: RequestError | None = None
        self.name, self.step, self.person = name, step, embedding.person
        self._path, self._embedding, self._max_distance = path, embedding, max_distance
        self._source: VideoSource | None = None
        self._successive = False
        self._frames, self._fps, self._position, self.examined = 0, 0.0, 0, 0
        self._matches: list[dict[str, Any]] = []
        self._found = 0

    def run(self, analysis: Analysis) -> None:
        """Search to the end; what goes wrong ends in `status` and `error`."""
        self.status = RUNNING
        outcome: tuple[str, RequestError | None] = FAILED, RequestError(INTERRUPTED, status=500)
        try:
            if is_picture(self._path):
                self._search_picture(analysis)
            else:
                self._search_video(analysis)
            outcome = DONE, None
        except SourceError as error:
            outcome = FAILED, ContractError(str(error), status=422)
        except RequestError as error:
            outcome = FAILED, error
        finally:
            if self._source is not None:
                self._source.close()
            self._end(*outcome)

    def cancel(self) -> None:
        """End it; what was found so far is kept. An ended search stays as it is."""
        self._end(CANCELLED)
        if self._source is not None:
            self._source.close()

    def body(self, after: int = 0) -> dict[str, Any]:
        """For clients; `matches` without the first `after`."""
        return {
            "success": self.status != FAILED,
            "matches": self._matches[after:],
            "status": self.status,
            "job": self.id,
            "url": f"/find/{self.id}",
            "video": self.name,
            "progress": self._progress(),
            "frames": self._frames,
            "fps": round(self._fps, 3),
            "step": self.step,
            "examined": self.examined,
            "total_matches": self._found,
            "truncated": self._found > len(self._matches),
            "error": self.error.message if self.error else "",
        }

    def summary(self) -> dict[str, Any]:
        """For the status page."""
        return {"job": self.id, "video": self.name, "progress": self._progress(), "examined": self.examined}

    def _progress(self) -> float:
        """0 to 1; 1 only when it is done."""
        if self.status == DONE:
            return 1.0
        return round(min(0.99, self._position / self._frames), 4) if self._frames else 0.0

    def _search_picture(self, analysis: Analysis) -> None:
        try:
            data = offload(_read, self._path)
        except OSError as error:
            raise ContractError("The picture cannot be read.", status=422) from error
        self._frames = 1
        self._examine(analysis, data, 0, 0.0)

    def _search_video(self, analysis: Analysis) -> None:
        source = self._source = VideoSource(str(self._path), OPEN_SECONDS, self.step)
        source.open()
        self._frames, self._fps = source.info.frames, source.info.fps
        self._successive = self._fps > 0 and self.step / self._fps <= SUCCESSIVE_SECONDS
        while self.status == RUNNING:
            try:
                picture = source.next(0, WAIT_SECONDS)
            except SourceEnded:
                return
            if picture is not None:
                index = picture.number - 1
                seconds = index / self._fps if self._fps else picture.seconds
                self._examine(analysis, picture.data, index, round(seconds, 3))
                self._position = picture.number

    def _examine(self, analysis: Analysis, data: bytes, index: int, seconds: float) -> None:
        """Add the matches of frame `index`, which is at `seconds`."""
        # No slash in the name of the stream: those of sessions have one.
        look = analysis.match(
            f"search {self.id}", data, self._embedding, self._max_distance, crops=False, successive=self._successive
        )
        self.examined += 1
        for person in look["people"]:
            if person["match"] and self.status == RUNNING:
                self._found += 1
                if len(self._matches) < MAX_MATCHES:
                    self._matches.append(match_object(person, look["width"], look["height"], index, seconds))

    def _end(self, status: str, error: RequestError | None = None) -> None:
        """The first end counts: cancelling makes the source fail too."""
        if self.status in (QUEUED, RUNNING):
            self.status, self.error, self.ended_at = status, error, time.monotonic()
            self.ended.set()


def _read(path: Path) -> bytes:
    """On a native thread. Raises OSError; ContractError (422) for a file that is too large."""
    with path.open("rb") as file:
        data = file.read(MAX_PICTURE_BYTES + 1)
    if len(data) > MAX_PICTURE_BYTES:
        raise ContractError(f"The picture is larger than {MAX_PICTURE_BYTES // 1_000_000} MB.", status=422)
    return data
