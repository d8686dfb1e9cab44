"""What the events of the bus are for rules. No input or output here."""

from __future__ import annotations

from typing import Any

from hub.contract.times import parse_time
from hub.live.events import CaptureStored, RecordStored, VisitChanged
from hub.rules.rule import Happening, Kind

OFFLINE = "_offline"


def of_visit(event: VisitChanged, now: float) -> Happening:
    """A visit that is new or was judged otherwise."""
    visit = event.shown
    vehicle = visit.get("vehicle") or {}
    who = vehicle.get("name") or visit.get("plate") or visit.get("tag") or visit.get("number") or "a vehicle"
    reasons = visit.get("reasons") or []
    place = str(visit.get("checkpoint", ""))
    reason = f" {reasons[0]}" if reasons else ""
    return Happening(
        Kind.VISIT,
        f"{who} at {place}",
        f"{who} came to {place}: {visit['state']}.{reason}",
        now,
        checkpoint=place,
        state=visit["state"],
        vehicle=str(vehicle.get("id", "")),
        permission=str(vehicle.get("permission", "")),
        details={"visit_id": visit["id"], "state": visit["state"]},
    )


def of_detection(event: RecordStored, kind: Kind, now: float) -> Happening:
    """A detection, or one of a listed plate."""
    shown = event.shown
    plates = [str(plate["text"]) for plate in shown["plates"]]
    if kind is Kind.WATCHLIST_HIT:
        plates = [str(match["plate"]) for match in event.watchlist]
    what, camera = ", ".join(plates[:3]) or "a vehicle", str(shown["camera_id"])
    listed = event.watchlist[0] if event.watchlist else {}
    permission = {"deny": "deny", "allow": "watch"}.get(str(listed.get("action", "")), "")
    return Happening(
        kind,
        f"{what} at {camera}",
        f"The camera {camera} read {what}.",
        now,
        checkpoint=str(shown["checkpoint_id"]),
        device=camera,
        permission=permission,
        details={"detection_id": shown["detection_id"]},
    )


def of_capture(event: CaptureStored, kind: Kind, now: float) -> Happening:
    """A capture, or one without a number."""
    row = event.row
    station, tag = str(row["station"]), str(row["tag"])
    what = row["number"] if row["success"] else "no number"
    of = f" of the vehicle with the tag {tag}" if tag else " of a vehicle without a tag"
    return Happening(
        kind,
        f"{tag or row['number'] or 'a vehicle'} at {station}",
        f"The station {station} read {what}{of}.",
        now,
        checkpoint=station,
        device=station,
        details={"capture_id": row["id"]},
    )


def of_alert(alert: dict[str, Any], now: float) -> Happening | None:
    """A device that has gone offline; None for every other alert."""
    if not alert["kind"].endswith(OFFLINE) or alert["state"] != "raised":
        return None
    at = parse_time(alert["raised_at"], None) or now
    return Happening(
        Kind.DEVICE_OFFLINE,
        str(alert["subject"]),
        str(alert["sentence"]),
        max(at, now),
        device=str(alert["subject"]),
        details={"kind": alert["kind"]},
    )
