"""REST: metrics, health checks, the newest lines of the log."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError, error_body
from hub.contract.roles import Role
from hub.http.answers import answer, part, principal
from hub.http.query import page_limit
from hub.monitoring.exposition import Exposition
from hub.monitoring.history import History
from hub.monitoring.readiness import Readiness
from hub.runtime.recent_lines import CAPACITY, LEVELS, RecentLines

monitoring_rest = Blueprint("monitoring_rest", __name__)

NOT_READY = "The hub is not ready."
RETRY_AFTER = 5


@monitoring_rest.get("/metrics")
@role(Role.DEVICE, readers=True)
def metrics() -> Response:
    """Metrics for Prometheus, in its text format or as OpenMetrics."""
    text, content_type = part(Exposition).text(request.headers.get("Accept", ""))
    response = Response(text, content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    return response


@monitoring_rest.get("/healthz")
@role(Role.OPEN, any_origin=True)
def healthz() -> Response:
    """Whether the hub's process is alive: 200 where its event loop turns."""
    return _uncached(answer({"success": True, "status": "alive"}))


@monitoring_rest.get("/readyz")
@role(Role.OPEN, any_origin=True)
def readyz() -> Response:
    """Whether the hub can do its work: ports, writer, database, disk.

    200, or 503. Those who may see /status are also told what each check found.
    """
    readiness = part(Readiness)
    failures = readiness.failures()
    shows = principal().allows(Role.VIEWER)
    if failures:
        body = error_body(NOT_READY, list(failures.values()) if shows else None, RETRY_AFTER)
    else:
        body = {"success": True}
    body["status"] = "not ready" if failures else "ready"
    if shows:
        body["checks"] = {name: failures.get(name, "ok") for name in readiness.checks}
    response = answer(body, 503 if failures else 200)
    if failures:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return _uncached(response)


@monitoring_rest.get("/api/log")
@role(Role.ADMIN)
def log() -> Response:
    """The newest lines of the log, newest first: level (DEBUG by default), limit (100), after (the number of a line).

    The hub keeps the last 500 in memory, and of warnings and errors the last 500 beside them.
    """
    level = request.args.get("level", "").upper() or "DEBUG"
    if level not in LEVELS:
        raise ContractError(f"level is one of {', '.join(LEVELS)}.", [f"level: {level[:80]!r}"])
    limit = min(page_limit(request.args.get("limit"), 100), CAPACITY)
    after = _line_number(request.args.get("after"))
    lines = part(RecentLines)
    return answer({"success": True, "lines": lines.newest(level, limit, after), "counts": dict(lines.counts)})


@monitoring_rest.get("/api/status/history")
@role(Role.VIEWER)
def history() -> Response:
    """The last hour in numbers: records a second, errors, pending writes, event loop, memory, commits."""
    return _uncached(answer(part(History).body()))


def _line_number(text: str | None) -> int:
    """`after`: the `number` of a line, 0 without one."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ContractError("after is the number of a line.", [f"after: {text[:80]!r}"])
    return int(text)


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
