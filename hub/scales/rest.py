"""REST: what each scale shows now."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.answers import answer, part
from hub.scales.service import Scales

scales_rest = Blueprint("scales_rest", __name__, url_prefix="/api/scales")


@scales_rest.get("", strict_slashes=False)
@role(Role.VIEWER)
def list_scales() -> Response:
    """Every scale of the settings: its state, its live weight, its last line."""
    return answer({"success": True, "scales": part(Scales).rows()})
