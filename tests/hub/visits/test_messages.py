"""Messages about visits, as MQTT gets them."""

from __future__ import annotations

import json

from hub.visits.messages import message_row


def test_a_message_has_no_number_that_the_visit_does_not_have_yet() -> None:
    """It is stored together with the visit, whose `seq` the database gives."""
    row = message_row({"id": "v", "seq": 0, "change": 7, "checkpoint": "Gate"}, "", "", 1.0)
    visit = {"id": "v", "change": 7, "checkpoint": "Gate"}
    assert json.loads(row["body"]) == {"event": "visit", "visit": visit, "before": ""}
