"""Where tests run in several processes (pytest-xdist): those marked `alone` run while no other test does.

They measure times or what happens on the whole machine. Two locks on files of this checkout do it: every test passes
the turnstile and then enters the room, which is shared unless the test is to be alone. A test that waits for an empty
room keeps the turnstile, so that others cannot go on entering before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where run_tests uses one process
    fcntl = None

LOCKS = Path(__file__), Path(__file__).with_name("__init__.py")
"""The files of the turnstile and of the room; nothing is written to them."""

WORKER = "PYTEST_XDIST_WORKER"


@contextmanager
def machine(alone: bool, locks: tuple[Path, Path] = LOCKS) -> Iterator[None]:
    """Use the machine for one test; without effect where the tests run in one process."""
    if fcntl is None or not os.environ.get(WORKER):
        yield
        return
    with locks[1].open("rb") as room:
        with locks[0].open("rb") as turnstile:
            fcntl.flock(turnstile, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            # Explicitly: a process that the test has forked may have inherited the file.
            fcntl.flock(room, fcntl.LOCK_UN)
