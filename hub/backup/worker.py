"""The child process in which the hub has its backups made and its data checked: `python -m hub.backup.worker JOB`.

`JOB` is JSON (`Job`). Messages on standard output (`hub.vision.wire`), in their order:

    {"phase": text, "done": bytes, "total": bytes}     a few times a second
    {"finding": {"kind", "text"}}                      of a check
    {"head": {...}}                                    of the backup that is complete
    {"whole": true or false}                           of a check that is complete
    {"error": sentence}                                and nothing more

It ends when its input does, and so with the hub; a backup that is not complete is removed then.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hub.backup.errors import BackupError
from hub.backup.findings import Finding, Findings
from hub.backup.make import make_backup
from hub.backup.pace import Pace
from hub.backup.verify import verify
from hub.vision.wire import send
from hub.vision.worker_pipes import claim_pipes, lower_priority

BACKUP, VERIFY = "backup", "verify"


@dataclass(frozen=True)
class Job:
    """What is to be done. `target`: the file of a backup; of a check the folder with the backups."""

    action: str
    instance: str
    target: str
    mb_per_second: int
    reserve_bytes: int = 0

    def encode(self) -> str:
        return json.dumps(asdict(self))


def run_job(job: Job, answers: BinaryIO, stopping: threading.Event) -> None:
    """Do a job and say how it goes."""

    def tell(head: dict[str, Any]) -> None:
        send(answers, head)

    def report(phase: str, done: int, total: int) -> None:
        tell({"phase": phase, "done": done, "total": total})

    pace = Pace(job.mb_per_second, report, stopping.is_set)
    try:
        if job.action == BACKUP:
            head = make_backup(Path(job.instance), Path(job.target), pace, job.reserve_bytes)
            tell({"head": asdict(head)})
        else:

            def on_finding(finding: Finding) -> None:
                tell({"finding": finding.shown()})

            findings = Findings(on_finding)
            verify(Path(job.instance), Path(job.target), findings, pace)
            tell({"whole": findings.whole})
    except BackupError as error:
        tell({"error": str(error)})


def main(argv: list[str]) -> int:
    """Do one job."""
    job = Job(**json.loads(argv[0]))
    requests, answers = claim_pipes()
    # Not in the background: a process that is starved while it holds the file system's journal delays commits.
    lower_priority()
    stopping = threading.Event()

    def wait_for_end() -> None:
        while requests.read(1):
            pass
        stopping.set()

    threading.Thread(target=wait_for_end, name="end of input", daemon=True).start()
    try:
        run_job(job, answers, stopping)
    except BrokenPipeError:  # the hub was killed; what was written is removed already
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
