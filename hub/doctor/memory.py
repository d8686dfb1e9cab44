"""Whether the machine has memory left."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok, warn

LEAST_MB = 300
MB = 1e6


def check(case: Case) -> Iterator[Finding]:
    """Look at what is available, and at what the hub has."""
    memory = psutil.virtual_memory()
    text = f"{memory.available / MB:,.0f} MB of {memory.total / MB:,.0f} MB are available"
    if case.running is not None:
        try:
            text += f"; the hub has {psutil.Process(case.running.pid).memory_info().rss / MB:,.0f} MB"
        except psutil.Error:
            text += "; that of the hub may not be read"
    if memory.available < LEAST_MB * MB:
        yield warn(f"Only {text}. End other programs, or add memory.")
    else:
        yield ok(f"{text}.")


CHECK = Check("memory", check)
