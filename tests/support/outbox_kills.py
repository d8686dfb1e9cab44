"""A process that forks one child for each step of an outbox, and each kills itself at that step.

`python -m tests.support.outbox_kills FOLDER` makes FOLDER/N for the child that died at its Nth step, with
`said.jsonl`: what had been begun and done. A step is opening, flushing, renaming or removing a file, or an SQL
statement. Every second flush leaves half of the file, as a loss of power may. The last child dies of no step.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path

from agent_lib.outbox.outbox import Outbox
from tests.support.agent import fields, result

FIRST = "A"
FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir"})


class Killer:
    """Counts steps once armed, and dies at one of them."""

    def __init__(self, at: int) -> None:
        self._at, self._steps, self.armed = at, 0, False

    def step(self) -> bool:
        """Count a step; whether it is the one to die at."""
        self._steps += self.armed
        return self.armed and self._steps == self._at

    def __call__(self, *_: object) -> None:
        if self.step():
            os.kill(os.getpid(), signal.SIGKILL)

    def fsync(self, handle: int) -> None:
        """In place of os.fsync, which is not needed here."""
        if self.step():
            if self._at % 2 and stat.S_ISREG(os.fstat(handle).st_mode):
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)


def work(folder: Path, at: int) -> None:
    """Put A; then, killed at a step: put B, deliver A, put C, shelve B, deliver C, put D."""
    killer = Killer(at)
    said = os.open(folder / "said.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.fsync = killer.fsync
    box = Outbox(folder, 10**9, 100)
    box._db.execute("PRAGMA synchronous=OFF")

    def say(what: str, tag: str, event_id: str = "") -> None:
        os.write(said, json.dumps([what, tag, event_id]).encode() + b"\n")

    def put(tag: str) -> None:
        one = result(tag)
        say("put", tag, one.event_id)
        box.put(one, fields(one))
        say("has", tag)

    put(FIRST)
    sys.addaudithook(lambda event, _: killer() if event in FILE_EVENTS else None)
    box._db.set_trace_callback(killer)
    killer.armed = True
    put("B")
    for step, tag in (("deliver", "A"), ("put", "C"), ("shelve", "B"), ("deliver", "C"), ("put", "D")):
        if step == "put":
            put(tag)
            continue
        entry = box.next()
        assert entry is not None and entry.fields["tag"] == tag
        say(step, tag)
        if step == "deliver":
            box.delivered(entry)
        else:
            box.shelve(entry, "refused for good")
        say("done", tag)
    killer.armed = False
    say("end", "")


def main(folder: Path) -> None:
    """Fork until a child reaches its end."""
    at, ended = 0, False
    while not ended:
        at += 1
        own = folder / str(at)
        own.mkdir(parents=True)
        child = os.fork()
        if child == 0:
            try:
                work(own, at)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = not os.WIFSIGNALED(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
