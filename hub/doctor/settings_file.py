"""Whether the settings can be used; where they cannot, no other check would know what to examine."""

from __future__ import annotations

from collections.abc import Iterator

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, ok
from hub.settings.file import FILE_NAME


def check(case: Case) -> Iterator[Finding]:
    """The doctor has loaded them: they are in order."""
    path = case.folder / FILE_NAME
    if path.exists():
        yield ok(f"{path.resolve()} is in order.")
    else:
        yield ok(f"{path.resolve()} does not exist yet; the defaults hold, and the first start writes it.")


CHECK = Check("settings", check)
