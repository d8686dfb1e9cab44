"""Pages of records: the list, one record, a ticket to print, the report of a day."""

from __future__ import annotations

import time
from datetime import datetime
from datetime import time as clock

from flask import Blueprint, Response
from flask_babel import format_date

from hub.access.declare import role
from hub.contract.roles import Role
from hub.entries.report import FAILURES, make_report, parse_day
from hub.entries.service import Entries
from hub.http.answers import current_hub, part, reader_host
from hub.http.moments import moment
from hub.http.page import page

entries_pages = Blueprint("entries_pages", __name__)


@entries_pages.get("/records")
@role(Role.VIEWER)
def records() -> Response:
    """Captures and detections in one list, searched and exported; data from /api/entries."""
    return page("records.html")


@entries_pages.get("/records/capture/<record_id>")
@role(Role.VIEWER)
def capture(record_id: str) -> Response:
    """One capture; data from /api/captures/ID and /api/corrections."""
    return page("record.html", kind="capture", record_id=record_id)


@entries_pages.get("/records/detection/<record_id>")
@role(Role.VIEWER)
def detection(record_id: str) -> Response:
    """One detection; data from /api/records/ID and /api/corrections."""
    return page("record.html", kind="detection", record_id=record_id)


@entries_pages.get("/records/capture/<record_id>/ticket")
@role(Role.VIEWER)
def ticket(record_id: str) -> Response:
    """A capture on one sheet of paper."""
    source = part(Entries).source("capture")
    row = source.get(record_id)
    shown = source.show(row, reader_host())
    return page("ticket.html", capture=shown, captured=moment(row["captured_at"]), printed=moment(time.time()))


@entries_pages.get("/reports/<day>")
@role(Role.VIEWER)
def report(day: str) -> Response:
    """What happened on a day at the site: by the hour, failures, the most frequent tags and plates."""
    hub, entries, host = current_hub(), part(Entries), reader_host()
    made = make_report(entries, hub.entries, parse_day(day), hub.zone)
    return page(
        "report.html",
        report=made,
        title=format_date(made.day, "full"),
        noon=datetime.combine(made.day, clock(12), hub.zone).isoformat(),
        largest=max((sum(hour.counts.values()) for hour in made.hours), default=0),
        failures=[(moment(entry.place.time), entry.source.show(entry.row, host)) for entry in made.failures],
        most_failures=FAILURES,
        printed=moment(time.time()),
    )
