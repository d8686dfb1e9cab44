"""A visit as a row, and as readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from hub.contract.paging import json_size
from hub.contract.plates import normalise_plate
from hub.contract.times import utc_text
from hub.contract.visits import DECISION, STATES
from hub.live.links import LOOPBACK, Links
from hub.store.backend import Row
from hub.visits.evidence import evidence_of, number_key, tag_key
from hub.visits.evidence import shown as shown_evidence
from hub.visits.visit import Decision, Known, Link, Member, Past, Visit, Weight


def row_of(visit: Visit) -> dict[str, Any]:
    """The columns of a visit."""
    return {
        "id": visit.id,
        "change": visit.change,
        "received_at": visit.received_at,
        "checkpoint": visit.checkpoint,
        "place": visit.place,
        "identity": visit.identity,
        "started_at": visit.started_at,
        "last_at": visit.last_at,
        "direction": visit.direction,
        "state": visit.state,
        "waits": visit.waits,
        "vehicle": visit.vehicle["id"] if visit.vehicle is not None else "",
        "tag": tag_key(visit.read("tag")),
        "number": number_key(visit.read("number")),
        "plate": normalise_plate(visit.read("plate")),
        "body": orjson.dumps(_body(visit)).decode(),
    }


def _body(visit: Visit) -> dict[str, Any]:
    return {
        "members": [_member(each) for each in visit.members],
        "dropped": visit.dropped,
        "reasons": visit.reasons,
        "vehicle": visit.vehicle,
        "others": visit.others,
        "judged_at": visit.judged_at,
        "claimed": visit.claimed,
        "decision": asdict(visit.decision) if visit.decision else None,
        "weight": asdict(visit.weight) if visit.weight else None,
        "net": asdict(visit.net) if visit.net else None,
        "stay": asdict(visit.stay) if visit.stay else None,
        "left_at": visit.left_at,
        "off_scale_at": visit.off_scale_at,
        "alarmed": visit.alarmed,
        "paired_as": visit.paired_as,
        "history": [asdict(each) for each in visit.history],
    }


def _member(member: Member) -> dict[str, Any]:
    known = member.known
    made: dict[str, Any] = {"evidence": member.evidence.stored(), "agrees": member.agrees}
    if member.differences:
        made["differences"] = member.differences
    if member.vehicles:
        made["known"] = {
            "tag": sorted(known.tag),
            "number": sorted(known.number),
            "plate": sorted(known.plate),
            "exact": known.exact,
        }
    return made


def visit_of(row: Row) -> Visit:
    """The visit of a row. Raises ValueError, TypeError or LookupError where it cannot be read."""
    body = orjson.loads(row["body"])
    if row["state"] not in STATES:
        raise ValueError("its state is unknown")
    visit = Visit(
        row["checkpoint"],
        row["place"],
        row["received_at"],
        row["id"],
        row["seq"],
        row["change"],
        [_member_of(each) for each in body["members"]],
        int(body["dropped"]),
        [],
        row["started_at"],
        row["last_at"],
        row["direction"],
        row["state"],
        list(map(str, body["reasons"])),
        body["vehicle"],
        list(body["others"]),
        body["judged_at"],
        body["claimed"],
        Decision(**body["decision"]) if body["decision"] else None,
        Weight(**body["weight"]) if body["weight"] else None,
        Link(**body["net"]) if body["net"] else None,
        Link(**body["stay"]) if body["stay"] else None,
        body["left_at"],
        body["off_scale_at"],
        alarmed=body["alarmed"],
        paired_as=body["paired_as"],
    )
    visit.history = _history(body, visit)
    json_size(shown(visit, Links()))
    return visit


def _history(body: Mapping[str, Any], visit: Visit) -> list[Past]:
    """The stored history; of a visit from before there was one, its decision."""
    made = visit.decision
    if "history" in body or made is None:
        return [Past(**each) for each in body.get("history", ())]
    return [Past(made.at, made.decision, DECISION, made.by, made.state, visit.state, made.note)]


def _member_of(stored: Mapping[str, Any]) -> Member:
    known = stored.get("known", {})
    tags, numbers, plates = (frozenset(map(str, known.get(kind, ()))) for kind in ("tag", "number", "plate"))
    return Member(
        evidence_of(stored["evidence"]),
        Known(tags, numbers, plates, bool(known.get("exact"))),
        stored["agrees"],
        list(stored.get("differences", ())),
    )


def shown(visit: Visit, links: Links, host: str = LOOPBACK) -> dict[str, Any]:
    """The visit as readers see it (`hub.contract.visits`), with links to pictures for one that knows the hub so."""
    decision, weight = visit.decision, visit.weight
    return {
        "id": visit.id,
        "seq": visit.seq,
        "change": visit.change,
        "checkpoint": visit.checkpoint,
        "direction": visit.direction,
        "state": visit.state,
        "reasons": visit.reasons,
        "waits": visit.waits,
        "decision": decision.decision if decision else None,
        "decided_by": decision.by if decision else None,
        "decided_at": utc_text(decision.at) if decision else None,
        "note": decision.note if decision else "",
        "vehicle": visit.vehicle,
        "others": visit.others,
        "tag": visit.read("tag"),
        "number": visit.read("number"),
        "plate": visit.read("plate"),
        "started_at": utc_text(visit.started_at),
        "last_at": utc_text(visit.last_at),
        "judged_at": utc_text(visit.judged_at),
        "weight": {"kg": weight.kg, "at": utc_text(weight.at), "kind": weight.kind} if weight else None,
        "net": {"kg": visit.net.value, "visit": visit.net.visit} if visit.net else None,
        "stay": {"visit": visit.stay.visit, "seconds": visit.stay.value} if visit.stay else None,
        "history": [{**asdict(each), "at": utc_text(each.at)} for each in visit.history],
        "evidence_count": len(visit.members) + visit.dropped,
        "evidence": [
            shown_evidence(
                each.evidence,
                each.agrees,
                each.differences,
                [links.picture(name, host) for name in each.evidence.pictures if not name.endswith(".bin")],
            )
            for each in sorted(visit.members, key=lambda each: each.at)
        ],
    }
