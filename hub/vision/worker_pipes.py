"""The child's side of the pipes to the hub: claimed at its start, read by a thread of its own."""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import BinaryIO

from hub.vision.wire import Message, WireError, receive

NICE, LEAST_PRIORITY = 5, 19


def lower_priority(background: bool = False) -> None:
    """Let the hub go first; in the `background`, run where nobody else wants the processor.

    Linux: under SCHED_IDLE, which is preempted by whatever else wakes up. A process that is only nice may go on for a
    time slice, which the hub's slowest replies wait for.
    """
    if background and sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS if background else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(LEAST_PRIORITY if background else NICE)


def claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move both pipes off the standard streams: what a library prints goes to stderr and not between the answers."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for pipe in (requests, answers):
            msvcrt.setmode(pipe, os.O_BINARY)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def discard_output() -> None:
    """Discard what libraries print from here on: libjpeg prints a line for every corrupt picture."""
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(null, number)
    os.close(null)


def start_inbox(requests: BinaryIO) -> queue.SimpleQueue[Message]:
    """A queue that a thread fills with requests, also while one is served; the process exits at the end of the pipe."""
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests, inbox), name="requests", daemon=True).start()
    return inbox


def _read_requests(requests: BinaryIO, inbox: queue.SimpleQueue[Message]) -> None:
    """Queue requests; exit at the end of the pipe, which is the hub's end."""
    try:
        while (message := receive(requests)) is not None:
            inbox.put(message)
    except (OSError, WireError) as error:
        print(f"the vision process heard {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
