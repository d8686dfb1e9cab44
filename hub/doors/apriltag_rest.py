"""REST around AprilTag boards: stored readings, when boards were here, and the poll of older games (wire/apriltag.md 2.3)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..contract.errors import ContractError
from ..security import POLL_PATH
from ..services.readings import Query
from .query import bound, cursor, page_limit
from .rest import answer, hub

apriltag_rest = Blueprint("apriltag_rest", __name__)

MAX_ALLOWED_HEADERS = 200


@apriltag_rest.get("/api/apriltags", strict_slashes=False)
def readings() -> Response:
    """Stored readings newest first: tag, board, from, to, limit, cursor."""
    args = request.args
    query = Query(
        limit=page_limit(args.get("limit"), 50), before=cursor(args.get("cursor")), tag=_tag(args.get("tag") or args.get("tag_id")),
        board=args.get("board") or None, since=bound("from", args.get("from"), False, hub().zone), until=bound("to", args.get("to"), True, hub().zone))
    rows, following = hub().apriltag.readings.find(query)
    return answer({"success": True, "apriltags": rows, "next_cursor": str(following) if following is not None else None})


def _tag(text: str | None) -> int | None:
    if not text:
        return None
    digits = text[1:] if text.startswith("-") else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > 10:
        raise ContractError("tag is the number of an AprilTag, such as 5.", [f"tag: {text[:80]!r}"])
    return int(text)


@apriltag_rest.get("/connection_uptime")
def uptime() -> Response:
    return answer(hub().boards.uptime())


@apriltag_rest.get("/connection_history")
def history() -> Response:
    return answer(hub().boards.history())


@apriltag_rest.route(POLL_PATH, methods=["GET", "OPTIONS"], provide_automatic_options=False)
def poll() -> Response:
    """Older games take one reading at a time here, from pages of any origin."""
    response = answer(hub().apriltag.poll()) if request.method == "GET" else Response(status=200)   # asking about it takes nothing
    response.headers.update({
        "Access-Control-Allow-Origin": request.headers.get("Origin") or "*", "Vary": "Origin", "Cache-Control": "no-store",
        "Access-Control-Allow-Methods": "GET, OPTIONS",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "Content-Type")[:MAX_ALLOWED_HEADERS]})
    if request.headers.get("Origin"):
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
