"""Visits as their readers know them: verdicts, decisions, and the kinds of evidence.

A visit as `shown` (`GET /api/visits`, the events `visit` and `visit_update`, MQTT, webhooks):

    {"id", "seq", "change": grows with every change of any visit (`GET /api/visits?after=` goes on from it),
     "checkpoint", "direction": "in" | "out" | "",
     "state": one of STATES, "reasons": [sentences, the first says most],
     "waits": whether a person has to decide, "decision": null | one of DECISIONS,
     "decided_by", "decided_at", "note",
     "vehicle": null | hub.contract.vehicles.KnownVehicle.shown(),
     "others": [other vehicles that the evidence belongs to, in the same form],
     "tag", "number", "plate": what was read, corrected where somebody has, "" where it was not,
     "started_at", "last_at", "judged_at": ISO 8601 in UTC,
     "weight": null | {"kg", "at", "kind": "gross" | "tare" | ""},
     "net": null | {"kg", "visit": the id of the other visit},
     "stay": null | {"visit": the id of the visit at the other end, "seconds"},
     "history": [{"at", "what": "judged" | one of DECISIONS, "cause": one of CAUSES, "by": "" for devices,
                  "before", "after": states, "note"}], decisions and judgements that changed the state, oldest first,
     "evidence_count": how many there are, with repeated ones that are counted only,
     "evidence": [{"kind": one of EVIDENCE_KINDS, "id": of the capture or detection, "device": its station or camera,
                   "at", "late": whether it came longer after it happened than evidence of a visit may be apart,
                   "tag", "number", "plate", "index": which plate of the detection, "kg": of a weight, else null,
                   "confidence",
                   "agrees": true | false | null where it says nothing, "differences": [{"position", "read",
                   "registered"}], "pictures": [addresses, the closest first]}]}
"""

from __future__ import annotations

from typing import Any, Protocol

OK, UNKNOWN, MISMATCH, DENIED = "ok", "unknown", "mismatch", "denied"
STATES = (OK, UNKNOWN, MISMATCH, DENIED)
CONFIRM, CORRECT, REJECT = "confirm", "correct", "reject"
DECISIONS = (CONFIRM, CORRECT, REJECT)
CAPTURE, DETECTION, PRESENCE, WEIGHT = "capture", "detection", "presence", "weight"
EVIDENCE_KINDS = (CAPTURE, DETECTION, PRESENCE, WEIGHT)
JUDGED = "judged"
EVIDENCE, CORRECTION, REGISTER, DECISION = "evidence", "correction", "register", "decision"
CAUSES = (EVIDENCE, CORRECTION, REGISTER, DECISION)
"""Why a visit was judged: more evidence, a corrected value, a change of the register of vehicles, a decision."""
ALARM_SECONDS = 900.0
"""Evidence that happened earlier makes no alarm."""


class Visits(Protocol):
    """The stored visits, for parts that show them beside something else. Raises DatabaseError or LaneBusy."""

    def visit(self, visit_id: str) -> dict[str, Any]:
        """One visit as shown. Raises NotFound."""

    def of_record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        """The visit that a capture or a detection belongs to, as shown; None where it belongs to none."""


class NoVisits:
    """A hub without visits."""

    def visit(self, visit_id: str) -> dict[str, Any]:
        """There is none."""
        raise KeyError(visit_id)

    def of_record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        """It belongs to none."""
        return None
