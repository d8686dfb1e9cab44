"""What `python agent.py check` says of the machine itself: its disk, the results that wait, its clock."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path

from agent_lib.settings import HubSettings

MB = 1e6
LEAST_FREE_MB = 500
MAX_DIFFERENCE_SECONDS = 60.0
HUB_SECONDS = 5.0

Finding = tuple[bool, str]


def disk(instance: Path) -> Finding:
    """Whether the instance folder can be written and its disk has room."""
    folder = instance.resolve()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return False, f"{folder} cannot be written ({error.strerror}): check its permissions and its disk."
    free = f"{usage.free / MB:,.0f} MB of {usage.total / MB:,.0f} MB"
    if usage.free < LEAST_FREE_MB * MB:
        return (
            False,
            f"The disk of {folder} has only {free} free: make room before captures cannot be kept.",
        )
    return True, f"{free} are free on the disk of {folder}."


def outbox(instance: Path) -> Finding:
    """How many results wait for the hub, also while the agent runs; that some wait is no fault of this machine."""
    path = instance / "outbox.db"
    if not path.exists():
        return True, "No results wait for the hub."
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)) as database:
            waiting, refused, size = database.execute(
                "SELECT count(*) - count(reason), count(reason), coalesce(sum(bytes), 0) FROM results"
            ).fetchone()
    except sqlite3.Error as error:
        return False, f"{path} cannot be read ({error}): check the disk; the next start rebuilds it from its records."
    kept = f"; {refused} that the hub refused are kept" if refused else ""
    return True, f"{waiting} results wait for the hub, {size / MB:,.1f} MB of pictures{kept}."


def clock(hub: HubSettings) -> Finding:
    """Whether the clocks of this machine and of the hub agree."""
    from agent_lib.uplink.tls import hub_session

    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    try:
        with hub_session(hub.base, hub.ca) as session:
            answer = session.get(f"{hub.base}/healthz", timeout=HUB_SECONDS, allow_redirects=False)
        ahead = time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (OSError, KeyError, TypeError, ValueError):
        return True, f"It is {now}; the hub's clock could not be asked."
    if abs(ahead) > MAX_DIFFERENCE_SECONDS:
        words = "ahead of" if ahead > 0 else "behind"
        return False, f"It is {now}, {abs(ahead):,.0f} seconds {words} the hub: let a time server set both clocks."
    return True, f"It is {now}, as at the hub."
