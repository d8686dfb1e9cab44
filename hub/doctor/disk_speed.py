"""How long the disk takes to make something durable: each commit waits for that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn

TRIES = 12
SLOW_MS = 50.0


def check(case: Case) -> Iterator[Finding]:
    """Write 4 KB a few times, each flushed to the disk, into a file that is deleted at once."""
    if not case.folder.is_dir():
        yield warn(f"{case.folder.resolve()} does not exist yet; the first start makes it.")
        return
    times = []
    try:
        with tempfile.TemporaryFile(dir=case.folder) as file:
            for _ in range(TRIES):
                began = perf_counter()
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
                times.append((perf_counter() - began) * 1000)
    except OSError as error:
        yield fail(f"{case.folder.resolve()} cannot be written ({error.strerror}): check its permissions and its disk.")
        return
    taken = f"a flush takes {median(times):.1f} ms, the longest {max(times):.0f} ms"
    if median(times) > SLOW_MS:
        yield warn(f"The disk is slow: {taken}, and each answer waits for one. Put the folder on an SSD.")
    else:
        yield ok(f"The folder can be written; {taken}.")


CHECK = Check("disk speed", check)
