"""Timestamps: parsed from the forms that senders use, formatted as UTC or local text."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

EARLIEST = 0.0
LATEST = 32503680000.0  # the year 3000
EPOCH_TEXT = re.compile(r"\d{9,13}(\.\d+)?")
SENTENCE_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def zone(name: str) -> tzinfo | None:
    """The senders' time zone by name; None stands for this machine's."""
    return ZoneInfo(name) if name else None


def parse_time(value: object, local: tzinfo | None = None) -> float | None:
    """Parse a timestamp to epoch seconds; None where the value is no timestamp.

    Accepts a number (seconds, or milliseconds where it is too large for seconds) and ISO 8601 text. Text without an
    offset is the sender's local time.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return _epoch(float(value)) if abs(value) < 1e18 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if EPOCH_TEXT.fullmatch(text):
        return _epoch(float(text))
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and local is not None:
            moment = moment.replace(tzinfo=local)
        return _epoch(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def _epoch(seconds: float) -> float | None:
    """Seconds of a number of seconds or milliseconds; None where it is out of range."""
    if not math.isfinite(seconds):
        return None
    if seconds > 1e11:
        seconds /= 1000.0
    return seconds if EARLIEST < seconds < LATEST else None


def parse_bound(text: str, local: tzinfo | None, end: bool) -> float | None:
    """Parse `from` or `to` of a query to epoch seconds; a date alone means its start, or with `end` its end.

    A time before the first or after the last that the hub takes is that one: `to=9999-12-31` means no end.
    """
    text = text.strip().replace(" ", "+") if re.search(r"\d \d\d:?\d\d$", text.strip()) else text.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            day = datetime.combine(date.fromisoformat(text), time(), tzinfo=local)
        except ValueError:
            return None
        if _is_out_of_range(day):
            return _nearest(day)
        return (day + timedelta(days=1)).timestamp() - 0.000001 if end else day.timestamp()
    found = parse_time(text, local)
    if found is None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return _nearest(moment) if _is_out_of_range(moment) else None
    return found


def _is_out_of_range(moment: datetime) -> bool:
    """Whether a time lies outside of what systems can convert, whatever its zone."""
    return not 1970 < moment.year < 3000


def _nearest(moment: datetime) -> float:
    """The first or the last time that the hub takes."""
    return EARLIEST if moment.year <= 1970 else LATEST


def utc_text(seconds: float | None) -> str | None:
    """ISO 8601 text in UTC: `2026-01-28T03:50:00.123456Z`."""
    return None if seconds is None else local_text(seconds, UTC) + "Z"


def sentence_time(seconds: float) -> str:
    """A time in a sentence for people: UTC to the second, which pages and mails write as the site's own time."""
    return f"{_second_text(math.floor(seconds), UTC)}Z"


def local_sentence(sentence: str, local: tzinfo | None = None) -> str:
    """A sentence with its times as they are at the site: 2026-01-28 10:50:00 +07:00."""

    def written(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]).astimezone(local)
        return f"{moment:%Y-%m-%d %H:%M:%S} {moment.isoformat()[-6:]}"

    return SENTENCE_TIME.sub(written, sentence)


def local_text(seconds: float, local: tzinfo | None = None) -> str:
    """ISO 8601 text of the local time without an offset, as the published examples have it."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_second_text(whole, local)}.{micro:06d}"


@lru_cache(maxsize=256)
def _second_text(second: int, local: tzinfo | None) -> str:
    """ISO 8601 text of a whole second; cached, since all records of a second need the same text."""
    return datetime.fromtimestamp(second, local).replace(tzinfo=None).isoformat()
