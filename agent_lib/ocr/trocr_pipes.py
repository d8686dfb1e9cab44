"""The pipes of the TrOCR child process: written to by a thread, and closed when the child ends."""

from __future__ import annotations

import logging
import queue
import subprocess
import threading
from typing import IO

log = logging.getLogger(__name__)


def write_all(child: subprocess.Popen[bytes], outbox: queue.SimpleQueue[bytes | None]) -> None:
    """Write to the child in a thread of its own, so that a hanging child never blocks a capture."""
    pipe = pipe_of(child.stdin)
    while (data := outbox.get()) is not None:
        try:
            pipe.write(data)
            pipe.flush()
        except (OSError, ValueError):
            return  # the child died, which the reader of its stdout notices


def end(child: subprocess.Popen[bytes], sender: threading.Thread) -> None:
    """Wait for the child, kill it if necessary, and release its pipes and its sender thread."""
    try:
        child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    sender.join()
    for pipe in (child.stdin, child.stdout):
        try:
            pipe_of(pipe).close()
        except OSError:
            log.debug("A pipe to TrOCR's process was broken already", exc_info=True)


def exit_reason(status: int, errors: IO[bytes]) -> str:
    """How the child ended, and the last line that it wrote to its stderr."""
    errors.seek(0, 2)
    errors.seek(max(0, errors.tell() - 4000))
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    detail = f": {lines[-1][:200]}" if lines else ""
    return f"killed by signal {-status}{detail}" if status < 0 else f"exit status {status}{detail}"


def pipe_of(pipe: IO[bytes] | None) -> IO[bytes]:
    """One of the child's pipes, which are always opened with PIPE."""
    assert pipe is not None
    return pipe
