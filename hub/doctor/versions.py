"""Whether the packages are those that the hub was tested with."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok, warn

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")
MAX_NAMED = 8


def check(case: Case) -> Iterator[Finding]:
    """Compare what is installed with requirements.txt."""
    other = []
    pins = PIN.findall(REQUIREMENTS.read_text("utf-8"))
    for name, wanted in pins:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found.partition("+")[0] != wanted:  # torch 2.13.0+cpu is a build of 2.13.0
            other.append(f"{name} {found} ({wanted} is wanted)")
    if other:
        named = ", ".join(other[:MAX_NAMED]) + (f" and {len(other) - MAX_NAMED} more" if len(other) > MAX_NAMED else "")
        yield warn(f"{named}. Install them: python -m pip install -r {REQUIREMENTS}")
    else:
        yield ok(f"Python {platform.python_version()} and {len(pins)} packages are those of requirements.txt.")


CHECK = Check("versions", check)
