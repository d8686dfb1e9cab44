"""When the next backup is due, by this machine's clock. No input or output here."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.settings.backup import Backup

HOUR = 3600.0


def due(settings: Backup, newest: float | None, now: float) -> bool:
    """Whether a backup is to be made now. `newest`: when the newest one was made, None without one; epoch seconds.

    One that was missed while the hub did not run is made up for.
    """
    last = None if newest is None else min(newest, now)
    if settings.every_hours and (last is None or now - last >= settings.every_hours * HOUR):
        return True
    before = last_hour(settings, now)
    return before is not None and (last is None or last < before)


def last_hour(settings: Backup, now: float) -> float | None:
    """The last moment at or before `now` at which one of the hours began."""
    moment = datetime.fromtimestamp(now)
    for _ in range(25):
        if moment.hour in settings.hours:
            return moment.replace(minute=0, second=0, microsecond=0).timestamp()
        moment -= timedelta(hours=1)
    return None


def next_at(settings: Backup, newest: float | None, now: float) -> float | None:
    """When the next backup is due; None without a schedule."""
    found = []
    if settings.every_hours:
        found.append(now if newest is None else min(newest, now) + settings.every_hours * HOUR)
    moment = datetime.fromtimestamp(now).replace(minute=0, second=0, microsecond=0)
    for hours in range(1, 26):
        later = moment + timedelta(hours=hours)
        if later.hour in settings.hours:
            found.append(later.timestamp())
            break
    return max(now, min(found)) if found else None
