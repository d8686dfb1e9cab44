"""The page of alarms."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.access.declare import role
from hub.contract.roles import Role
from hub.http.page import page

alerts_pages = Blueprint("alerts_pages", __name__)


@alerts_pages.get("/alarms")
@role(Role.VIEWER)
def alarms() -> Response:
    """Every alert, who has seen it and when; data from /api/alerts."""
    return page("alarms.html")
