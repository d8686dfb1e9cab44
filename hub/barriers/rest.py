"""REST of barriers."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.barriers.service import Barriers
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub, part
from hub.http.body import json_object

barriers_rest = Blueprint("barriers_rest", __name__, url_prefix="/api/barriers")


@barriers_rest.get("")
@role(Role.VIEWER)
def list_barriers() -> Response:
    """Every barrier with its last pulse, and whether all of them are stopped."""
    return answer({"success": True, **part(Barriers).shown()})


@barriers_rest.post("/<name>/open")
@role(Role.OPERATOR)
def open_barrier(name: str) -> Response:
    """Pulse a barrier: visit, note. 502 where its relay has failed, which is not asked again."""
    sent = json_object(request) if request.content_length or request.content_type else {}
    author = current_hub().gate.author(request.environ)
    pulse = part(Barriers).open(name, sent, author, request.remote_addr or "")
    if pulse.problem:
        body = {"success": False, "message": pulse.problem, "errors": [pulse.problem], "pulse": pulse.shown()}
        return answer(body, 502)
    return answer({"success": True, "message": f"The barrier {name} is opened", "pulse": pulse.shown()})


@barriers_rest.post("/stop")
@role(Role.OPERATOR)
def stop_barriers() -> Response:
    """Stop all barriers, or release them: stopped. It counts at once and over restarts."""
    stopped = json_object(request).get("stopped")
    if not isinstance(stopped, bool):
        raise ContractError("stopped is true or false.", ["stopped"])
    barriers = part(Barriers)
    author = current_hub().gate.author(request.environ)
    changed = barriers.set_stopped(stopped, author, request.remote_addr or "")
    message = "All barriers are stopped" if stopped else "Barriers may open again"
    return answer({"success": True, "message": message, "changed": changed, **barriers.shown()})
