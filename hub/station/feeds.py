"""The captures in the order of their commit, for deliveries and alerts; the states of stations and their devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from hub.contract.alerts import AlertKind, Notable
from hub.contract.device_state import DeviceDetails, DeviceState
from hub.contract.times import utc_text
from hub.live.links import LOOPBACK
from hub.station.repository import CAPTURES
from hub.station.service import Captures
from hub.station.stations import Stations
from hub.station.tables import Capture
from hub.store.backend import Row
from hub.store.feeds import FeedItem, RowFeed, newest_seq
from hub.store.reader import Reader

FAILED = (Capture.seq, Capture.id, Capture.station, Capture.tag, Capture.message, Capture.captured_at)


def capture_feed(reader: Reader, captures: Captures) -> RowFeed:
    """Every capture, as /api/captures shows it."""

    def show(row: Row) -> FeedItem:
        body = captures.public(captures.readable(row), LOOPBACK)
        return FeedItem(row["seq"], row["station"], row["received_at"], body)

    return RowFeed(reader, CAPTURES, show)


class FailedCaptures:
    """Captures without a number. Implements `hub.contract.alerts.NotableRecords`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def newest(self) -> int:
        """The sequence number of the newest capture, 0 without one."""
        return newest_seq(self._reader, CAPTURES)

    def notable(self, after: int, until: int) -> list[Notable]:
        """The failed captures in their order."""
        rows = self._reader.all(
            select(*FAILED)
            .where(Capture.seq > after, Capture.seq <= until, Capture.success.is_(False))
            .order_by(Capture.seq)
        )
        return self._reader.unreadable.readable(rows, _failure, CAPTURES)


def _failure(row: Row) -> Notable:
    station, tag = row["station"], row["tag"]
    vehicle = f"the vehicle with the tag {tag}" if tag else "a vehicle"
    reason = f": {row['message'].rstrip('.')}" if row["message"] else ""
    return Notable(
        AlertKind.CAPTURE_FAILED,
        station,
        f"The station {station} read no number of {vehicle}{reason}. Look at the capture's pictures.",
        {
            "capture_id": row["id"],
            "station": station,
            "tag": tag,
            "message": row["message"],
            "captured_at": utc_text(row["captured_at"]),
        },
    )


def station_states(stations: Stations) -> Iterator[DeviceState]:
    """Each station, its reader and its cameras; those are unknown while the station is offline."""
    for known in stations.newest_first():
        shown = stations.show(known)
        name, online = shown["station"], shown["online"]
        details = DeviceDetails(
            shown["state"],
            _station_trouble(shown),
            known.address,
            shown["uplink"],
            clock_offset=known.clock.seconds,
            queue=shown["outbox"]["waiting"],
            version=shown["version"],
        )
        yield DeviceState("station", name, name, online, known.seen_at, details=details)
        devices = [("reader", shown["reader"])] if shown["reader"] else []
        devices += [(camera["role"] or f"camera {place}", camera) for place, camera in enumerate(shown["cameras"], 1)]
        for role, device in devices:
            works = not device["error"] or device["state"] == "silent"
            state = works if online else None
            more = DeviceDetails(device["state"], device["error"], device["address"], fps=device["fps"])
            yield DeviceState("device", f"{name}:{role}", f"{role} of {name}", state, known.seen_at, name, more)


def _station_trouble(shown: dict[str, Any]) -> str:
    """What is wrong at a station itself; its reader and cameras tell their own troubles."""
    outbox = shown["outbox"]
    if outbox["shelved"]:
        first = f": {outbox['shelf'][0]['reason']}" if outbox["shelf"] else ""
        return f"The hub refused {outbox['shelved']} of its results{first}"
    broken = [f"{name}: {thread['error']}" for name, thread in shown["threads"].items() if not thread["alive"]]
    return f"A part of the agent has ended: {broken[0]}" if broken else ""
