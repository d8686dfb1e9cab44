"""app.py with one more door: POST /test/visits publishes a visit as the part that judges visits would."""

from gevent import monkey

monkey.patch_all()

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flask import Blueprint, Response, request

from hub import kinds
from hub.access.declare import role
from hub.cli import main
from hub.contract.roles import Role
from hub.http.answers import answer, current_hub
from hub.live.events import VISIT_CHANGED, VisitChanged

visits = Blueprint("test_visits", __name__)


@visits.post("/test/visits")
@role(Role.OPERATOR)
def publish() -> Response:
    """Publish a visit."""
    shown = request.get_json()
    current_hub().bus.publish(VISIT_CHANGED, VisitChanged(shown, bool(shown.get("new", True)), ""))
    return answer({"success": True})


if __name__ == "__main__":
    kinds.REGISTER = (*kinds.REGISTER, lambda app, hub: app.register_blueprint(visits))
    sys.exit(main(sys.argv[1:]))
