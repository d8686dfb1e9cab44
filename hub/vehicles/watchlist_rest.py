"""REST transport of the operator's watchlist."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.paging import page_of
from hub.contract.roles import Role
from hub.http.answers import answer, author, note_change, part
from hub.http.body import json_object
from hub.http.query import cursor
from hub.runtime.offload import offload
from hub.vehicles.watchlist import Watchlist

watchlist = Blueprint("watchlist", __name__, url_prefix="/api/watchlist")


@watchlist.get("")
@role(Role.VIEWER)
def list_entries() -> Response:
    """Every entry, the newest first; `cursor` goes on where a page ended."""
    entries = part(Watchlist)
    found, start = entries.newest_first(), cursor(request.args.get("cursor")) or 0
    rows, following = offload(page_of, found, start, len(found), entries.public)
    return answer(
        {
            "success": True,
            "watchlist": rows,
            "total_count": len(found),
            "next_cursor": str(following) if following is not None else None,
        }
    )


@watchlist.post("")
@role(Role.OPERATOR)
def add_entry() -> Response:
    """Add an entry: plate; action allow or deny; reason; note; expires_at; match exact or similar."""
    entry = part(Watchlist).add(json_object(request), author())
    note_change("watchlist.add", entry["plate"], _noted(entry))
    return answer({"success": True, "message": "Plate listed", **entry, "entry": entry}, 201)


@watchlist.get("/<entry_id>")
@role(Role.VIEWER)
def get_entry(entry_id: str) -> Response:
    """One entry, under `entry` and flat."""
    entry = part(Watchlist).get(entry_id)
    return answer({"success": True, **entry, "entry": entry})


@watchlist.put("/<entry_id>")
@role(Role.OPERATOR)
def change_entry(entry_id: str) -> Response:
    """Change the fields of an entry that are sent."""
    entry = part(Watchlist).update(entry_id, json_object(request), author())
    note_change("watchlist.change", entry["plate"], _noted(entry))
    return answer({"success": True, "message": "Entry changed", **entry, "entry": entry})


@watchlist.delete("/<entry_id>")
@role(Role.OPERATOR)
def remove_entry(entry_id: str) -> Response:
    """Remove an entry."""
    entry = part(Watchlist).remove(entry_id, author())
    note_change("watchlist.remove", entry["plate"], _noted(entry))
    return answer({"success": True, "message": "Plate no longer listed"})


def _noted(entry: dict[str, Any]) -> dict[str, Any]:
    """What the audit log keeps of an entry."""
    return {key: entry[key] for key in ("action", "match", "reason", "note", "expires_at") if entry[key]}
