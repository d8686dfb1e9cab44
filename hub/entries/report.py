"""What happened on a day: captures and detections by the hour, captures that failed, the most frequent names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import islice, pairwise

from hub.contract.entries import Day, EntrySource, Wanted
from hub.contract.errors import NotFound
from hub.entries.service import Entries, Entry

MOST = 20
FAILURES = 200  # that a report names one by one


@dataclass(frozen=True)
class Hour:
    """An hour of a day at the site, such as 14:00, and what each kind counted in it."""

    label: str
    counts: dict[str, int]
    read: dict[str, int]


@dataclass(frozen=True)
class Report:
    """A day. `failures`: the captures without a number, newest first, the first FAILURES of them."""

    day: date
    earlier: date
    later: date
    hours: list[Hour]
    kinds: dict[str, Day]
    failures: list[Entry]


def parse_day(text: str) -> date:
    """A day as 2026-11-27. Raises NotFound for what is none."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or not 1971 <= day.year < 2999:
        raise NotFound("The address of a report is /reports/ with a day, such as /reports/2026-01-28.")
    return day


def bounds(day: date, zone: tzinfo | None) -> list[float]:
    """Where the hours of a day at the site begin, in epoch seconds, and its end; 23 or 25 hours where clocks change."""
    start = datetime.combine(day, time(), zone).timestamp()
    end = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
    hours = [start]
    while hours[-1] + 3600 < end:
        hours.append(hours[-1] + 3600)
    return [*hours, end]


def make_report(entries: Entries, sources: Mapping[str, EntrySource], day: date, zone: tzinfo | None) -> Report:
    """The report of a day. Reads off the event loop; raises as `hub.store.reader.Reader.search`."""
    marks = bounds(day, zone)
    kinds = {kind: source.day(marks, MOST) for kind, source in sources.items()}
    hours = [
        Hour(
            datetime.fromtimestamp(begin, zone).strftime("%H:%M"),
            {kind: each.by_hour[place] for kind, each in kinds.items()},
            {kind: each.read_by_hour[place] for kind, each in kinds.items()},
        )
        for place, (begin, _) in enumerate(pairwise(marks))
    ]
    failed = Wanted(success=False, since=marks[0], until=marks[-1] - 0.000001)
    failures = list(islice(entries.newest_first(failed, None, FAILURES), FAILURES))
    return Report(day, day - timedelta(days=1), day + timedelta(days=1), hours, kinds, failures)
