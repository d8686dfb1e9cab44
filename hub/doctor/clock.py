"""Whether the clock can be right, and which time zone holds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime

from hub.contract.times import zone
from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.store.plausible_clock import DAY, FILE_NAME, JUMP_SECONDS

EARLIEST = datetime(2026, 1, 1).timestamp()  # this program is younger
BEHIND_SECONDS = 3600.0


def check(case: Case) -> Iterator[Finding]:
    """Compare the clock with the last time that the hub knew, and with the last change of the database."""
    now = time.time()
    shown = datetime.fromtimestamp(now).astimezone().strftime("%Y-%m-%d %H:%M:%S UTC%z")
    known = max(_trusted(case), _changed(case))
    if now < EARLIEST:
        yield fail(f"The clock says {shown}, which cannot be. Set it, and let it be set by a time server.")
    elif now < known - BEHIND_SECONDS:
        days = (known - now) / DAY
        yield warn(f"The clock says {shown}, {days:.1f} days before the last time that the hub knows. Is it right?")
    elif known and now > known + JUMP_SECONDS and case.running is not None:
        yield warn(f"The clock says {shown}, more than a week after the last time that the hub knows. Is it right?")
    else:
        name = case.settings.timezone
        local = datetime.fromtimestamp(now, zone(name)).strftime("%H:%M") if name else ""
        senders = f"senders without a zone are in {name}, where it is {local}" if name else "senders' times are local"
        yield ok(f"It is {shown}; {senders}.")


def _trusted(case: Case) -> float:
    try:
        return float(json.loads((case.folder / FILE_NAME).read_bytes())["trusted"] or 0.0)
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _changed(case: Case) -> float:
    try:
        return case.settings.database_path.stat().st_mtime
    except OSError:
        return 0.0


CHECK = Check("clock", check)
