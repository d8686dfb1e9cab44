"""The vision process: `python -m hub.vision.worker`, started and ended by `hub.vision.process`.

It reads requests from standard input and answers on standard output (`wire`), one after the other, and ends as soon as its input does: so
it dies with the hub, however that ends, on every system. What it can do are its tasks; a new one (tracking, say) is one line in TASKS.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
from collections import OrderedDict
from typing import Any, BinaryIO, Protocol

from hub.vision.wire import Message, WireError, receive, send

TASKS = {"apriltag": ("hub.vision.apriltag.detector", "AprilTagDetector")}
"""Name of a task -> module and class; imported when first asked for."""

STREAMS_KEPT = 64
"""Tasks may remember something for each camera; the one asked for longest ago is forgotten."""

ENVIRONMENT = {
    "OPENCV_IO_MAX_IMAGE_PIXELS": "50000000",  # a small JPEG may unfold into gigabytes
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",  # the hub needs the other cores
}
NICE = 5


class Task(Protocol):
    """What looks at the pictures of one camera."""

    def look(self, picture: bytes) -> dict[str, Any]:
        """What is seen in one picture. Raises ValueError with a sentence for a picture that cannot be used."""


class Streams:
    """The task of each camera, made on its first picture and made anew when its options change."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[tuple[str, str], tuple[str, Task]] = OrderedDict()

    def task(self, name: str, stream: str, options: dict[str, Any]) -> Task:
        """Raises KeyError for a task that there is not, ImportError for one that cannot be loaded, ValueError for options it refuses."""
        said = json.dumps(options, sort_keys=True)
        known = self._tasks.get((name, stream))
        if known is None or known[0] != said:
            module, kind = TASKS[name]
            known = said, getattr(importlib.import_module(module), kind)(**options)
            self._tasks[name, stream] = known
        self._tasks.move_to_end((name, stream))
        while len(self._tasks) > STREAMS_KEPT:
            self._tasks.popitem(last=False)
        return known[1]


def main() -> int:
    """Serve until the input ends."""
    requests, answers = _take_pipes()
    os.environ.update(ENVIRONMENT)
    if hasattr(os, "nice"):
        os.nice(NICE)
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), name="requests", daemon=True).start()
    send(answers, {"state": "ready", "pid": os.getpid()})
    _silence()
    streams = Streams()
    while True:
        order, picture = inbox.get()
        send(answers, {"id": order.get("id"), **_answer(streams, order, picture)})


def _answer(streams: Streams, order: dict[str, Any], picture: bytes) -> dict[str, Any]:
    try:
        return {"result": streams.task(order["task"], order["stream"], order["options"]).look(picture)}
    except Exception as error:  # OpenCV raises anything, and one camera's picture must not be the end of all others
        return {"error": _sentence(error)}


def _listen(requests: BinaryIO, inbox: queue.SimpleQueue[Message]) -> None:
    """Take requests off the pipe, also while a picture is looked at; its end is the hub's end."""
    try:
        while (message := receive(requests)) is not None:
            inbox.put(message)
    except (OSError, WireError) as error:
        print(f"the vision process heard {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both pipes for ourselves alone: what a library prints goes to stderr and not between the answers."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for pipe in (requests, answers):
            msvcrt.setmode(pipe, os.O_BINARY)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _silence() -> None:
    """From here on nobody reads what libraries say: libjpeg has a line for every spoilt picture."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def _sentence(error: Exception) -> str:
    """One line of at most 300 signs."""
    if isinstance(error, ValueError) and error.args:
        return str(error)[:300]
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no more is known'}"[:300]


if __name__ == "__main__":
    sys.exit(main())
