"""A vision process: `python -m hub.vision.worker [TASK]`, started and ended by `hub.vision.process`.

It serves one task of `hub.vision.tasks`, or all of them when none is named. It reads requests from standard input and
answers on standard output (`hub.vision.wire`), one after the other, and exits at the end of its input: so it ends with
the hub, in whatever way that ends, on every system.
"""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from hub.vision.tasks import TASKS, Detector, VisionTask
from hub.vision.wire import send
from hub.vision.worker_pipes import claim_pipes, discard_output, lower_priority, start_inbox

USAGE_STATUS = 2
MAX_STREAMS = 256
"""Detectors may keep state for each camera; the least recently used one is evicted."""

ENVIRONMENT = {
    "OPENCV_IO_MAX_IMAGE_PIXELS": "50000000",  # a small JPEG may decode to gigabytes
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",  # the hub needs the other cores
}


class DetectorCache:
    """The detector of each camera, made at its first picture and again when its options change."""

    def __init__(self, tasks: Mapping[str, VisionTask] = TASKS) -> None:
        self._tasks = tasks
        self._detectors: OrderedDict[tuple[str, str], tuple[str, Detector]] = OrderedDict()

    def get(self, task: str, stream: str, options: dict[str, Any]) -> Detector:
        """The detector of `stream`. Raises KeyError for an unknown task, and what making a detector raises."""
        encoded = json.dumps(options, sort_keys=True)
        cached = self._detectors.get((task, stream))
        if cached is None or cached[0] != encoded:
            cached = encoded, self._tasks[task].make_detector(options)
            self._detectors[task, stream] = cached
        self._detectors.move_to_end((task, stream))
        while len(self._detectors) > MAX_STREAMS:
            self._detectors.popitem(last=False)
        return cached[1]


def main(argv: list[str]) -> int:
    """Serve until the input ends; 2 for an unknown task."""
    if len(argv) > 1 or any(name not in TASKS for name in argv):
        print(f"usage: python -m hub.vision.worker [{' | '.join(TASKS)}]", file=sys.stderr)
        return USAGE_STATUS
    requests, answers = claim_pipes()
    os.environ.update(ENVIRONMENT)
    lower_priority(all(TASKS[name].background for name in argv or TASKS))
    inbox = start_inbox(requests)
    send(answers, {"state": "ready", "pid": os.getpid()})
    discard_output()
    detectors = DetectorCache({name: TASKS[name] for name in argv or TASKS})
    while True:
        request, picture = inbox.get()
        send(answers, {"id": request.get("id"), **_answer(detectors, request, picture)})


def _answer(detectors: DetectorCache, request: dict[str, Any], picture: bytes) -> dict[str, Any]:
    try:
        detector = detectors.get(request["task"], request["stream"], request["options"])
        return {"result": detector.look(picture, request.get("request") or {})}
    except Exception as error:  # OpenCV raises anything, and one camera's picture must not end the process of all
        return {"error": _error_sentence(error)}


def _error_sentence(error: Exception) -> str:
    """One line of at most 300 characters."""
    if isinstance(error, ValueError) and error.args:
        return str(error)[:300]
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no more is known'}"[:300]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
