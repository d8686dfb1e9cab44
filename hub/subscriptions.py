"""Every subscription of the bus: which channels are notified of which events."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from hub.apriltag.games import Games
from hub.context import Hub
from hub.contract.alerts import AlertKind
from hub.contract.json_text import encode_text
from hub.live import events
from hub.live.channel import Channel
from hub.live.digest import TagDigest
from hub.live.events import (
    BackupEnded,
    CaptureStored,
    RecordStored,
    TagReading,
    VehicleArrived,
    VehicleLeft,
    VisitChanged,
    WeightSettled,
)
from hub.live.links import LOOPBACK
from hub.lpr.socketio import HEALTH_ROOM
from hub.scales.digest import ScaleDigest
from hub.scales.service import Scales
from hub.socketio.events import DASHBOARD
from hub.vehicles.watchlist import Watchlist
from hub.visits.reading import StoredVisits

BACKUP = "backup"
"""The subject of the alert of a backup that failed."""


def connect(hub: Hub) -> None:
    """Subscribe pages, rooms, listeners of results, games and the watchlist to the events of the bus."""
    _captures(hub)
    _camera_records(hub)
    _tag_readings(hub)
    _vehicle_presence(hub)
    _scales(hub)
    _visits(hub)
    _devices(hub)
    _corrections(hub)
    _alerts(hub)
    _backups(hub)
    _storage(hub)
    _barriers(hub)


def _captures(hub: Hub) -> None:
    results: Channel = hub.results
    pages: Channel = hub.pages
    dashboards: Channel = hub.rooms.channel(DASHBOARD, "new_capture")

    def to_results(event: CaptureStored) -> None:
        results.publish(lambda host: encode_text(event.show(_name(host))), skip=event.origin)

    def to_pages(event: CaptureStored) -> None:
        pages.publish(
            lambda host: encode_text(
                {"event": "capture", "capture": {**event.show(_name(host)), "corrected_number": None}}
            )
        )

    def to_dashboards(event: CaptureStored) -> None:
        dashboards.publish(lambda _: encode_text(event.show(LOOPBACK)))

    def station_to_pages(shown: dict[str, Any]) -> None:
        hub.pages.here.publish(encode_text({"event": "station", "station": shown}))  # each hub knows every station

    hub.bus.subscribe(events.CAPTURE_STORED, to_results)
    hub.bus.subscribe(events.CAPTURE_STORED, to_pages)
    hub.bus.subscribe(events.CAPTURE_STORED, to_dashboards)
    hub.bus.subscribe(events.STATION_CHANGED, station_to_pages)


def _camera_records(hub: Hub) -> None:
    detections: Channel = hub.rooms.channel(DASHBOARD, "new_detection")
    health_updates: Channel = hub.rooms.channel(HEALTH_ROOM, "health_update")
    cameras: Channel = hub.rooms.channel(DASHBOARD, "camera_status", here=True)  # each hub knows every camera
    alerts: Channel = hub.rooms.channel(DASHBOARD, "watchlist_alert")

    def detection(event: RecordStored) -> None:
        hub.pages.publish(
            lambda host: encode_text({"event": "detection", "detection": _uncorrected(event.show(_name(host)))})
        )
        detections.publish(lambda _: encode_text(event.shown))

    def health(event: RecordStored) -> None:
        health_updates.publish(lambda _: encode_text(event.shown))

    def camera_status(status: dict[str, Any]) -> None:
        hub.pages.here.publish(lambda _: encode_text({"event": "camera", "camera": status}))
        cameras.publish(lambda _: encode_text(status))

    def alert(alert: dict[str, Any]) -> None:
        hub.pages.publish(lambda _: encode_text({"event": "alert", "alert": alert}))
        alerts.publish(lambda _: encode_text(alert))

    hub.bus.subscribe(events.DETECTION_STORED, hub.part(Watchlist).on_detection)
    hub.bus.subscribe(events.DETECTION_STORED, detection)
    hub.bus.subscribe(events.HEALTH_STORED, health)
    hub.bus.subscribe(events.CAMERA_STATUS, camera_status)
    hub.bus.subscribe(events.WATCHLIST_ALERT, alert)


def _tag_readings(hub: Hub) -> None:
    """Every reading to every game, the newest ones to pages in batches."""
    games: Channel = hub.part(Games)

    def to_games(reading: TagReading) -> None:
        games.publish(lambda _: reading.text, (reading.board, reading.tag_id))

    def to_pages(rows: list[dict[str, Any]]) -> None:
        hub.pages.here.publish(encode_text({"event": "tags", "tags": rows}))  # each hub has every reading

    digest = TagDigest(to_pages, lambda: len(hub.pages) > 0)
    hub.bus.subscribe(events.TAG_READING, to_games)
    hub.bus.subscribe(events.TAG_READING, digest.add)
    hub.supervisor.keep("tags on pages", digest.run)


def _vehicle_presence(hub: Hub) -> None:
    pages: Channel = hub.pages
    dashboards: Channel = hub.rooms.channel(DASHBOARD, "vehicle_presence")

    def changed(event: VehicleArrived | VehicleLeft) -> None:
        pages.publish(lambda _: encode_text({"event": "presence", "presence": event.shown}))
        dashboards.publish(lambda _: encode_text(event.shown))

    hub.bus.subscribe(events.VEHICLE_ARRIVED, changed)
    hub.bus.subscribe(events.VEHICLE_LEFT, changed)


def _scales(hub: Hub) -> None:
    """Pages show the live weights; dashboards are told of each weight that was settled."""
    scales = hub.part(Scales)
    dashboards: Channel = hub.rooms.channel(DASHBOARD, "weight")

    def to_pages(row: dict[str, Any]) -> None:
        hub.pages.publish(encode_text({"event": "scale", "scale": row}))

    def settled(event: WeightSettled) -> None:
        dashboards.publish(lambda _: encode_text(event.shown))

    hub.bus.subscribe(events.WEIGHT_SETTLED, settled)
    if len(scales):
        digest = ScaleDigest(scales, to_pages, lambda: hub.pages.has_listeners)
        scales.on_change(digest.wake)
        hub.supervisor.keep("scales on pages", digest.run)


def _visits(hub: Hub) -> None:
    """A visit is announced with its first evidence and again with each change."""
    pages: Channel = hub.pages
    new: Channel = hub.rooms.channel(DASHBOARD, "visit")
    updates: Channel = hub.rooms.channel(DASHBOARD, "visit_update")
    service = hub.part(StoredVisits)

    def changed(event: VisitChanged) -> None:
        name = "visit" if event.new else "visit_update"
        pages.publish(lambda host: encode_text({"event": name, "visit": service.for_host(event.shown, _name(host))}))
        (new if event.new else updates).publish(lambda _: encode_text(event.shown))

    hub.bus.subscribe(events.VISIT_CHANGED, changed)


def _devices(hub: Hub) -> None:
    """Pages are told how many devices wait, and of each new label; the list itself is for those who may read it."""
    pages: Channel = hub.pages

    def changed(counts: dict[str, int]) -> None:
        hub.pages.here.publish(encode_text({"event": "devices", "devices": counts}))  # who waits at this hub

    def labelled(label: dict[str, Any]) -> None:
        pages.publish(encode_text({"event": "device_label", "device_label": label}))

    hub.bus.subscribe(events.DEVICES_CHANGED, changed)
    hub.bus.subscribe(events.LABEL_CHANGED, labelled)


def _corrections(hub: Hub) -> None:
    """Pages show a corrected value at once."""
    pages: Channel = hub.pages

    def made(correction: dict[str, Any]) -> None:
        pages.publish(encode_text({"event": "correction", "correction": correction}))

    hub.bus.subscribe(events.CORRECTION_MADE, made)


def _alerts(hub: Hub) -> None:
    """Pages are told of every alert that is raised, cleared or reported, and of those that nobody has seen yet.

    `alert` alone is a hit of the watchlist.
    """
    pages: Channel = hub.pages

    def changed(alert: dict[str, Any]) -> None:
        pages.publish(encode_text({"event": "hub_alert", "hub_alert": alert}))

    def alarms(unseen: dict[str, Any]) -> None:
        pages.publish(encode_text({"event": "alarms", "alarms": unseen}))

    hub.bus.subscribe(events.ALERT_CHANGED, changed)
    hub.bus.subscribe(events.ALARMS_CHANGED, alarms)


def _backups(hub: Hub) -> None:
    """A backup that failed is an alert until one is whole."""

    def ended(event: BackupEnded) -> None:
        if event.good:
            hub.alerts.clear_alert(AlertKind.BACKUP_FAILED, BACKUP, event.message)
        else:
            hub.alerts.raise_alert(AlertKind.BACKUP_FAILED, BACKUP, event.message)

    hub.bus.subscribe(events.BACKUP_ENDED, ended)


def _storage(hub: Hub) -> None:
    """Every open page says whether there is room for records."""

    def changed(trouble: str) -> None:
        hub.pages.here.publish(encode_text({"event": "storage", "trouble": trouble}))

    hub.bus.subscribe(events.STORAGE_CHANGED, changed)


def _barriers(hub: Hub) -> None:
    """Every open page says whether barriers are stopped, and what came of the last pulse."""

    def changed(barriers: dict[str, Any]) -> None:
        hub.pages.here.publish(encode_text({"event": "barriers", "barriers": barriers}))  # those of this hub

    hub.bus.subscribe(events.BARRIERS_CHANGED, changed)


def _uncorrected(detection: dict[str, Any]) -> dict[str, Any]:
    """A new detection as pages show it; rooms get it as cameras' viewers have always got it."""
    return {**detection, "plates": [{**plate, "corrected": None} for plate in detection["plates"]]}


def _name(host: Hashable) -> str:
    """The host name that a listener was added with."""
    return str(host)
