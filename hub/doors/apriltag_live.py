"""What the page of tags shows when it opens: the newest reading of each board and tag, the boards, the games."""

from __future__ import annotations

from flask import Blueprint, Response

from ..tag_digest import MAX_ROWS, rows
from .rest import answer, hub

apriltag_live = Blueprint("apriltag_live", __name__)


@apriltag_live.get("/api/apriltags/newest")
def newest() -> Response:
    """`{"success", "tags", "boards", "games"}`; later readings come over `/events` as `{"event": "tags", "tags": [...]}`."""
    parts = hub()
    return answer({"success": True, "tags": rows(parts.apriltag.latest()[:MAX_ROWS]), "boards": parts.boards.status()[:100], "games": parts.games.status()})
