"""app.py with one more door: POST /test/visits publishes a visit as the part that judges visits would."""

from gevent import monkey

monkey.patch_all()

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flask import Blueprint, Flask, Response, request

from hub import kinds
from hub.access.declare import role
from hub.cli import main
from hub.context import Hub
from hub.contract.errors import NotFound
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub
from hub.live.events import VISIT_CHANGED, VisitChanged


class Published:
    """The visits that were published, in place of those that the hub has joined."""

    def __init__(self) -> None:
        self._visits: dict[str, dict[str, Any]] = {}

    def add(self, shown: dict[str, Any]) -> None:
        """Keep a visit."""
        self._visits[shown["id"]] = shown

    def visit(self, visit_id: str) -> dict[str, Any]:
        """One visit as it was published. Raises NotFound."""
        if visit_id not in self._visits:
            raise NotFound("There is no such visit.")
        return self._visits[visit_id]

    def of_record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        """It belongs to none."""
        return None


published = Published()
visits = Blueprint("test_visits", __name__)


@visits.post("/test/visits")
@role(Role.OPERATOR)
def publish() -> Response:
    """Publish a visit."""
    shown = request.get_json()
    published.add(shown)
    current_hub().bus.publish(VISIT_CHANGED, VisitChanged(shown, bool(shown.get("new", True)), ""))
    return answer({"success": True})


if __name__ == "__main__":

    def register(app: Flask, hub: Hub) -> None:
        hub.visits = published
        app.register_blueprint(visits)

    kinds.REGISTER = (*kinds.REGISTER, register)
    sys.exit(main(sys.argv[1:]))
