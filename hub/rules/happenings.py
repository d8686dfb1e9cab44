"""What stored records are for rules. No input or output here. `now`: epoch seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.contract.times import parse_time
from hub.contract.visits import ALARM_SECONDS
from hub.rules.rule import Happening, Kind
from hub.store.feeds import FeedItem

OFFLINE = "_offline"


def of_visit(item: FeedItem, now: float) -> Iterator[Happening]:
    """A visit that is new or was judged otherwise, unless it is over for so long that nobody can do anything."""
    visit = item.body["visit"]
    if (parse_time(visit["last_at"], None) or 0.0) < now - ALARM_SECONDS:
        return
    vehicle = visit.get("vehicle") or {}
    who = vehicle.get("name") or visit.get("plate") or visit.get("tag") or visit.get("number") or "a vehicle"
    reasons = visit.get("reasons") or []
    place = str(visit.get("checkpoint", ""))
    reason = f" {reasons[0]}" if reasons else ""
    yield Happening(
        Kind.VISIT,
        f"{who} at {place}",
        f"{who} came to {place}: {visit['state']}.{reason}",
        _at(item, now),
        checkpoint=place,
        state=visit["state"],
        vehicle=str(vehicle.get("id", "")),
        permission=str(vehicle.get("permission", "")),
        details={"visit_id": visit["id"], "state": visit["state"]},
        key=f"visit {visit['id']} {visit['change']}",
    )


def of_detection(item: FeedItem, now: float) -> Iterator[Happening]:
    """A detection, and one of a listed plate."""
    shown = item.body
    yield _detection(item, Kind.DETECTION, [str(plate["text"]) for plate in shown["plates"]], "", now)
    listed = shown.get("watchlist") or []
    if listed:
        permission = {"deny": "deny", "allow": "watch"}.get(str(listed[0].get("action", "")), "")
        plates = [str(match["plate"]) for match in listed]
        yield _detection(item, Kind.WATCHLIST_HIT, plates, permission, now)


def _detection(item: FeedItem, kind: Kind, plates: list[str], permission: str, now: float) -> Happening:
    what, camera = ", ".join(plates[:3]) or "a vehicle", str(item.body["camera_id"])
    detection = str(item.body["detection_id"])
    return Happening(
        kind,
        f"{what} at {camera}",
        f"The camera {camera} read {what}.",
        _at(item, now),
        checkpoint=str(item.body["checkpoint_id"]),
        device=camera,
        device_kind="camera",
        permission=permission,
        details={"detection_id": detection},
        key=f"detection {detection}",
    )


def of_capture(item: FeedItem, now: float) -> Iterator[Happening]:
    """A capture, and one without a number."""
    shown = item.body
    station, tag = str(shown["station"]), str(shown["tag"])
    what = shown["number"] if shown["success"] else "no number"
    of = f" of the vehicle with the tag {tag}" if tag else " of a vehicle without a tag"
    for kind in (Kind.CAPTURE,) if shown["success"] else (Kind.CAPTURE, Kind.CAPTURE_FAILED):
        yield Happening(
            kind,
            f"{tag or shown['number'] or 'a vehicle'} at {station}",
            f"The station {station} read {what}{of}.",
            _at(item, now),
            checkpoint=station,
            device=station,
            device_kind="station",
            details={"capture_id": shown["id"]},
            key=f"capture {shown['id']}",
        )


def of_alert(item: FeedItem, now: float) -> Iterator[Happening]:
    """A device that has gone offline; nothing for every other message about an alert."""
    alert: dict[str, Any] = item.body
    if not alert["kind"].endswith(OFFLINE) or alert["state"] != "raised":
        return
    device, kind = str(alert["subject"]), alert["kind"].removesuffix(OFFLINE)
    yield Happening(
        Kind.DEVICE_OFFLINE,
        device,
        str(alert["sentence"]),
        _at(item, now),
        checkpoint=device if kind == "station" else "",
        device=device,
        device_kind=kind,
        details={"kind": alert["kind"]},
        key=f"alert {alert['id']}",
    )


def _at(item: FeedItem, now: float) -> float:
    return min(item.received_at, now)
