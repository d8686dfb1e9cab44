"""REST of AprilTag: readings in and out, board sessions, the poll of older games (docs/wire/apriltag.md 2.3)."""

from __future__ import annotations

from flask import Blueprint, Response, after_this_request, request
from flask.blueprints import BlueprintSetupState

from hub.access.declare import role
from hub.apriltag.access import POLL_PATH, READING_PATHS
from hub.apriltag.boards import Boards
from hub.apriltag.games import Games
from hub.apriltag.posts import ACK, ReadingPosts, method_text, read_body, refusal_body
from hub.apriltag.repository import Query
from hub.apriltag.service import AprilTags
from hub.contract.errors import ContractError, RequestError, error_body
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, part, with_reason_phrase
from hub.http.query import bound, cursor, page_limit
from hub.live.digest import MAX_ROWS, rows

apriltag_rest = Blueprint("apriltag_rest", __name__)

MAX_ALLOWED_HEADERS = 200
MAX_BOARDS_SHOWN = 100


@role(Role.OPEN)
def post_reading() -> Response:
    """Accept readings through Flask, of boards with the token; `hub.apriltag.fast_rest` does the same without it."""
    after_this_request(with_reason_phrase)
    environ = request.environ
    if environ["REQUEST_METHOD"] != "POST":
        response = answer(error_body(method_text(environ)), 405)
        response.headers["Allow"] = "POST"
        return response
    posts = part(ReadingPosts)
    try:
        posts.check_sender(environ)
        posts.accept(request.headers.get("Content-Type", ""), read_body(environ), request.remote_addr or "")
    except RequestError as error:
        posts.count_refusal(error)
        response = answer(refusal_body(error), error.status)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    return Response(ACK, content_type="application/json")


@apriltag_rest.record_once
def _route_readings(state: BlueprintSetupState) -> None:
    """Route every method to `post_reading`, which refuses all but POST; `add_url_rule` needs a list of methods."""
    state.app.view_functions["apriltag_rest.post_reading"] = post_reading
    for path in READING_PATHS:
        state.app.url_map.add(state.app.url_rule_class(path, endpoint="apriltag_rest.post_reading"))


@apriltag_rest.get("/api/apriltags/newest")
@role(Role.VIEWER)
def newest() -> Response:
    """The newest reading of each board and tag, boards and games: `{"success", "tags", "boards", "games"}`.

    Later readings come over `/events` as `{"event": "tags", "tags": [...]}`.
    """
    tags = rows(part(AprilTags).latest()[:MAX_ROWS])
    return answer(
        {
            "success": True,
            "tags": tags,
            "boards": part(Boards).status()[:MAX_BOARDS_SHOWN],
            "games": part(Games).status(),
        }
    )


@apriltag_rest.get("/api/apriltags", strict_slashes=False)
@role(Role.VIEWER)
def readings() -> Response:
    """Stored readings, newest first; filters tag, board, from, to; pages by limit and cursor."""
    args = request.args
    query = Query(
        limit=page_limit(args.get("limit"), 50),
        before=cursor(args.get("cursor")),
        tag=_tag_number(args.get("tag") or args.get("tag_id")),
        board=args.get("board") or None,
        since=bound("from", args.get("from"), False, current_hub().zone),
        until=bound("to", args.get("to"), True, current_hub().zone),
    )
    rows, following = part(AprilTags).readings.find(query)
    return answer(
        {"success": True, "apriltags": rows, "next_cursor": str(following) if following is not None else None}
    )


def _tag_number(text: str | None) -> int | None:
    """Parse the filter `tag`. Raises ContractError (400)."""
    if not text:
        return None
    digits = text[1:] if text.startswith("-") else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > 10:
        raise ContractError("tag is the number of an AprilTag, such as 5.", [f"tag: {text[:80]!r}"])
    return int(text)


@apriltag_rest.get("/connection_uptime")
@role(Role.VIEWER)
def uptime() -> Response:
    """Uptime of the connected boards."""
    return answer(part(Boards).uptime())


@apriltag_rest.get("/connection_history")
@role(Role.VIEWER)
def history() -> Response:
    """Closed sessions of boards."""
    return answer(part(Boards).history())


@apriltag_rest.route(POLL_PATH, methods=["GET", "OPTIONS"], provide_automatic_options=False)
@role(Role.DEVICE, readers=True, any_origin=True)
def poll() -> Response:
    """Return one reading to an older game, on a page of any origin."""
    # A preflight request removes no reading from the queue.
    response = answer(part(AprilTags).poll()) if request.method == "GET" else Response(status=200)
    response.headers.update(
        {
            "Access-Control-Allow-Origin": request.headers.get("Origin") or "*",
            "Vary": "Origin",
            "Cache-Control": "no-store",
            "Access-Control-Allow-Methods": "GET, OPTIONS",
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "Content-Type")[
                :MAX_ALLOWED_HEADERS
            ],
        }
    )
    if request.headers.get("Origin"):
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
