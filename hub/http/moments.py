"""Moments for pages that are printed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from flask_babel import format_date

from hub.http.answers import current_hub


class Moment(NamedTuple):
    """A moment for a page: ISO 8601, and a text for where no script writes it with the reader's calendar."""

    iso: str
    text: str


def moment(seconds: float) -> Moment:
    """A moment (epoch seconds) at the site: the date, 24 hours, the offset."""
    local = datetime.fromtimestamp(seconds, UTC).astimezone(current_hub().zone)
    offset = local.strftime("%z")
    text = f"{format_date(local.date(), 'medium')}, {local:%H:%M:%S} {offset[:3]}:{offset[3:5]}"
    return Moment(local.isoformat(timespec="milliseconds"), text)
