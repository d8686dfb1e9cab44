"""REST of retention: what would be deleted now, and what was."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.answers import answer, part
from hub.retention.service import Retention

retention_rest = Blueprint("retention_rest", __name__)


@retention_rest.get("/api/retention")
@role(Role.VIEWER)
def retention() -> Response:
    """What would be deleted now, kind by kind, what was deleted, and the space that is used."""
    return answer({"success": True, **part(Retention).preview()})
