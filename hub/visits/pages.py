"""Pages of visits: the list, one visit with its decision, a ticket to print."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response

from hub.access.declare import role
from hub.contract.errors import NotFound
from hub.contract.roles import Role
from hub.contract.times import parse_time
from hub.http.answers import part, reader_host
from hub.http.moments import Moment, moment
from hub.http.page import page
from hub.visits.decisions import MAX_ID
from hub.visits.reading import StoredVisits

visits_pages = Blueprint("visits_pages", __name__)
MAX_PICTURES = 6  # on a ticket


@visits_pages.get("/visits")
@role(Role.VIEWER)
def visits() -> Response:
    """Visits, those that wait first; data from /api/visits and /events."""
    return page("visits.html")


@visits_pages.get("/visits/<visit_id>")
@role(Role.VIEWER)
def visit(visit_id: str) -> Response:
    """One visit: verdict, evidence, decision; data from /api/visits/ID and /events."""
    return page("visit.html", visit_id=visit_id[:MAX_ID])


@visits_pages.get("/visits/<visit_id>/ticket")
@role(Role.VIEWER)
def ticket(visit_id: str) -> Response:
    """A visit on one sheet of paper, with both weights where there are two."""
    shown = part(StoredVisits).visit(visit_id[:MAX_ID], reader_host())
    evidence = shown["evidence"]
    return page(
        "visit_ticket.html",
        visit=shown,
        started=_at(shown["started_at"]),
        weights=_weights(shown),
        decided=_at(shown["decided_at"]) if shown["decided_at"] else None,
        pictures=[picture for each in evidence for picture in each["pictures"][:2]][:MAX_PICTURES],
        printed=moment(time.time()),
    )


def _weights(shown: dict[str, Any]) -> list[tuple[Moment, dict[str, Any]]]:
    """The weights of a visit and of the one that its net weight is with, the first weighing first."""
    found = [shown["weight"]]
    if shown["net"]:
        try:
            found.append(part(StoredVisits).visit(shown["net"]["visit"])["weight"])
        except NotFound:  # the other visit has expired; its net weight stays
            found.append(None)
    weights = sorted((each for each in found if each), key=lambda each: str(each["at"]))
    return [(_at(each["at"]), each) for each in weights]


def _at(text: str) -> Moment:
    return moment(parse_time(text) or 0.0)
