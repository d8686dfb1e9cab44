"""Whether the files with the pictures of cameras are there and begin as they should."""

from __future__ import annotations

from collections.abc import Iterator

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok
from hub.store.pack_writer import HEADER, MAGIC

MB = 1e6
MAX_NAMED = 5


def check(case: Case) -> Iterator[Finding]:
    """Read the first header of each pack; every picture is read by a check of the whole store only."""
    packs = sorted(path for path in case.settings.packs_path.glob("*.pack") if path.stem.isdigit())
    size, bad = 0, []
    for path in packs:
        try:
            with path.open("rb") as file:
                head = file.read(HEADER.size)
            size += path.stat().st_size
        except OSError as error:
            bad.append(f"{path.name} ({error.strerror})")
            continue
        if head and (len(head) < HEADER.size or HEADER.unpack(head)[0] != MAGIC):
            bad.append(f"{path.name} (no pack)")
    if bad:
        named = ", ".join(bad[:MAX_NAMED])
        yield fail(f"{len(bad)} picture files in {case.settings.packs_path.resolve()} cannot be used: {named}. {STEP}")
    else:
        yield ok(f"{len(packs)} files with pictures of cameras, {size / MB:,.1f} MB.")


STEP = "Stop the hub and put them back from a backup."
CHECK = Check("pictures", check)
