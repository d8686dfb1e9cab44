"""REST transport of the list of all devices and of their labels."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.paging import page_of
from hub.contract.roles import Role
from hub.contract.times import utc_text
from hub.devices.labels import Labels
from hub.devices.listed import ORDER, Listed
from hub.devices.overview import Overview
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.body import json_object
from hub.http.query import MAX_LIMIT, bound, cursor, page_limit
from hub.runtime.offload import offload
from hub.runtime.time_slice import TimeSlice

overview_rest = Blueprint("overview_rest", __name__, url_prefix="/api/devices")


@overview_rest.get("/overview")
@role(Role.VIEWER)
def overview() -> Response:
    """Every camera, board, station and agent: who waits first, then troubled, offline, unknown and good ones.

    `since`: only those that were heard then or later.
    """
    limit = page_limit(request.args.get("limit"), MAX_LIMIT)
    start = cursor(request.args.get("cursor")) or 0
    since = bound("since", request.args.get("since"), False, current_hub().zone) or 0.0
    now = time.time()
    rows = part(Overview).rows(TimeSlice().check, since)
    return answer({"success": True, "now": utc_text(now), **offload(_page, rows, start, limit)})


def _page(rows: list[Listed], start: int, limit: int) -> dict[str, Any]:
    """A page of the rows in their order, and how many there are in each state."""
    rows.sort(key=lambda row: row.place)
    shown, following = page_of(rows, start, limit, Listed.shown)
    counts = Counter(row.state for row in rows)
    return {
        "devices": shown,
        "counts": {state: counts[state] for state in ORDER},
        "next_cursor": str(following) if following is not None else None,
    }


@overview_rest.put("/labels")
@role(Role.OPERATOR)
def label() -> Response:
    """Say what a device is called, which checkpoint it belongs to, or which way it faces; "" takes it away."""
    sent = json_object(request)
    changed = part(Labels).change(sent.get("kind"), sent.get("id"), sent)
    shown = changed.shown()
    said = {key: shown[key] for key in ("name", "checkpoint", "facing")}
    note_change("device.label", f"{changed.kind} {changed.device}", said)
    return answer({"success": True, "message": "Saved", "label": shown})
