"""The child process that makes a backup or checks the data, as the hub sees it: one job at a time."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from typing import Any

import gevent
from gevent.threadpool import ThreadPool

from hub.backup.worker import Job
from hub.runtime.offload import in_pool
from hub.vision.child import Child, describe_end

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0
MAX_FINDINGS = 500


class JobProcess:
    """Runs one `Job` after the other; `running` and the progress are for the page."""

    def __init__(self) -> None:
        self._pool = ThreadPool(1)
        self._child: Child | None = None
        self.running: Job | None = None
        self.phase, self.done, self.total = "", 0, 0
        self.findings: list[dict[str, str]] = []  # of the check that runs
        self.began = 0.0

    def run(self, job: Job) -> dict[str, Any]:
        """Do a job and wait for it: {"head"}, {"whole"} or {"error"}. One at a time; the caller sees to that."""
        self.running, self.began = job, time.time()
        self.phase, self.done, self.total, self.findings = "beginning", 0, 0, []
        try:
            with tempfile.TemporaryFile() as errors:
                child = self._child = Child((sys.executable, "-m", "hub.backup.worker", job.encode()), errors)
                try:
                    return self._follow(child) or {"error": self._ended(child, errors)}
                finally:
                    self._end(child)
        except OSError as error:
            return {"error": f"The process for it could not be started ({error.strerror or error})."}
        finally:
            self.running = self._child = None

    def _follow(self, child: Child) -> dict[str, Any] | None:
        """Take what the process says; its last message, or None where it ended without one."""
        while True:
            try:
                message = in_pool(self._pool, child.receive)
            except (OSError, ValueError) as error:
                log.warning("What the process of a backup says cannot be read: %s", error)
                return None
            if message is None:
                return None
            head = message[0]
            if "phase" in head:
                self.phase, self.done, self.total = str(head["phase"]), int(head["done"]), int(head["total"])
            elif "finding" in head:
                self.findings = [*self.findings, head["finding"]][-MAX_FINDINGS:]
            else:
                return head

    @staticmethod
    def _ended(child: Child, errors: Any) -> str:
        child.kill()
        return f"The process for it ended before it was done ({describe_end(child.exit_status, errors)})."

    def _end(self, child: Child) -> None:
        """Let the process end by itself, so that it removes what it wrote; kill it where it does not."""
        child.end_input()
        end = time.monotonic() + STOP_SECONDS
        while child.is_running() and time.monotonic() < end:
            gevent.sleep(0.02)
        child.kill()
        self._pool.join()
        child.close_pipes()

    def stop(self) -> None:
        """Ask the job that runs to end; what it wrote is removed."""
        if self._child is not None:
            self._child.end_input()

    def status(self) -> dict[str, Any] | None:
        """The job that runs, for the page; None without one."""
        if self.running is None:
            return None
        return {
            "action": self.running.action,
            "phase": self.phase,
            "done_bytes": self.done,
            "total_bytes": self.total,
            "seconds": round(max(0.0, time.time() - self.began), 1),
        }
