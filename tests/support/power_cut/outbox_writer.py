"""A process that puts, delivers and shelves results in an outbox: `python -m tests.support.power_cut.outbox_writer
FOLDER SEED STEPS`, under the recorder. It acknowledges ["what", tag, text] as JSON before and after each step; the
text is the event id, and for "bytes" the pictures' digest.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

from agent_lib.outbox import Outbox
from tests.support.agent import fields, result
from tests.support.power_cut.recorder import acknowledge


def digest(pictures: dict[str, bytes]) -> str:
    """SHA-256 of a result's pictures with their roles."""
    return hashlib.sha256(b"".join(role.encode() + pictures[role] for role in sorted(pictures))).hexdigest()


def main(folder: Path, seed: str, steps: int) -> None:
    rng = random.Random(seed)
    box = Outbox(folder, 10**9, 100)

    def say(what: str, tag: str, event_id: str) -> None:
        acknowledge(json.dumps([what, tag, event_id]).encode())

    for number in range(steps):
        if rng.random() < 0.6:
            tag = f"{number:04d}"
            pictures = {
                role: rng.randbytes(rng.randint(1, 9000)) for role in ("primary", "secondary") if rng.random() < 0.8
            }
            one = result(tag, pictures)
            say("put", tag, one.event_id)
            say("bytes", tag, digest(pictures))
            box.put(one, fields(one))
            say("has", tag, one.event_id)
            continue
        entry = box.next()
        if entry is None:
            continue
        what = rng.choice(("deliver", "deliver", "shelve"))
        say(what, entry.fields["tag"], entry.event_id)
        if what == "deliver":
            box.delivered(entry)
        else:
            box.shelve(entry, "refused for good")
        say("delivered" if what == "deliver" else "shelved", entry.fields["tag"], entry.event_id)
    box.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
