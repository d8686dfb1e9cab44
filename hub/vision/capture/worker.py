"""The process of one video source: `python -m hub.vision.capture.worker`, started and ended by `source`.

It opens the source that the first request names, then answers each request with one picture (`hub.vision.wire`):

    to the process    {"kind", "place", "open_seconds", "step"}, once, first; then {"after": n, "timeout": seconds}
    from it           {"state": "ready"}, once, first
                      {"info": {...}}, once, after the first request
                      {"picture": {"number", "seconds", "width", "height"}} + the JPEG, {"picture": null} when none came
                      in time, {"ended": true}, or {"error": code}

A picture is encoded only when it is asked for, and one request is answered at a time, so nothing queues anywhere.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from hub.vision.capture.reader import PacedReader, ReadError, StepReader, Video, encode
from hub.vision.wire import Message, send
from hub.vision.worker_pipes import claim_pipes, discard_output, lower_priority, start_inbox

MAX_WAIT_SECONDS = 10.0
MEMORY_BYTES = 2 * 1024**3


def main() -> None:
    """Serve until the input ends, which exits the process."""
    requests, answers = claim_pipes()
    lower_priority()
    _limit_memory()
    inbox = start_inbox(requests)
    send(answers, {"state": "ready", "pid": os.getpid()})
    discard_output()
    served = Served()
    while True:
        request = inbox.get()[0]
        try:
            head, body = served.answer(request)
        except EOFError:
            head, body = {"ended": True}, b""
        except ReadError as error:
            head, body = {"error": str(error)}, b""
        except Exception as error:  # OpenCV raises anything
            head, body = {"error": type(error).__name__}, b""
        send(answers, head, body)


class Served:
    """The source, once it is open, and the picture that was encoded last."""

    def __init__(self) -> None:
        self._reader: PacedReader | StepReader | None = None
        self._encoded: tuple[int, bytes] = 0, b""

    def answer(self, request: dict[str, Any]) -> Message:
        """Open the source, or the next picture of the open one. Raises ReadError and EOFError."""
        if self._reader is None:
            return {"info": self._open(request)}, b""
        frame = self._reader.next(int(request["after"]), min(float(request["timeout"]), MAX_WAIT_SECONDS))
        if frame is None:
            return {"picture": None}, b""
        if self._encoded[0] != frame.number:
            self._encoded = frame.number, encode(frame.image)
        height, width = frame.image.shape[:2]
        picture = {"number": frame.number, "seconds": round(frame.seconds, 4), "width": width, "height": height}
        return {"picture": picture}, self._encoded[1]

    def _open(self, request: dict[str, Any]) -> dict[str, Any]:
        video = Video(request["kind"], request["place"], float(request["open_seconds"]))
        info = video.info()
        self._reader = StepReader(video, int(request["step"])) if request["step"] else PacedReader(video)
        return info


def _limit_memory() -> None:
    """A damaged video may ask for any amount of memory. Other systems have no such limit that works."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main()
