"""Whether the disk of the instance folder has room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.store.disk import FULL_BYTES, MB


def check(case: Case) -> Iterator[Finding]:
    """Compare the free space with store.warn_free_mb."""
    folder = case.folder.resolve()
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    free = f"{usage.free / MB:,.0f} MB of {usage.total / MB:,.0f} MB"
    if usage.free < FULL_BYTES:
        yield fail(f"The disk of {folder} is full: the hub refuses records. Free some space on it.")
    elif usage.free < case.settings.store.warn_free_mb * MB:
        yield warn(f"The disk of {folder} has only {free} free. Make room before it is full.")
    else:
        yield ok(f"{free} are free on the disk of {folder}.")


CHECK = Check("disk space", check)
