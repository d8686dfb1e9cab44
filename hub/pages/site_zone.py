"""The site's time zone for pages: its name where browsers know one, otherwise its offset."""

from __future__ import annotations

import os
import time
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

LOCALTIME = Path("/etc/localtime")
FOLDER = "zoneinfo/"


def site_zone(zone: tzinfo | None) -> dict[str, str | int]:
    """For templates: `site_zone`, the name or "", and `site_offset`, minutes ahead of UTC now."""
    offset = datetime.fromtimestamp(time.time(), zone).astimezone(zone).utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset is not None else 0
    return {"site_zone": zone.key if isinstance(zone, ZoneInfo) else machine_zone(), "site_offset": minutes}


def machine_zone() -> str:
    """The name of this machine's zone; "" where it tells none (Windows)."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name and LOCALTIME.is_symlink():
        name = str(LOCALTIME.readlink()).rpartition(FOLDER)[2]
    return name if name and _is_known(name) else ""


def _is_known(name: str) -> bool:
    try:
        return ZoneInfo(name).key == name
    except (ValueError, OSError, KeyError):  # a TZ such as "ICT-7" is a rule, not a name
        return False
