"""Registration of MQTT with the hub."""

from __future__ import annotations

import hashlib
import logging
import socket

from flask import Flask

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.live.events import (
    ALERT_CHANGED,
    CAPTURE_STORED,
    DETECTION_STORED,
    VEHICLE_ARRIVED,
    VEHICLE_LEFT,
    VISIT_CHANGED,
    VehicleArrived,
    VehicleLeft,
)
from hub.mqtt.discovery import Discovery
from hub.mqtt.events import EVENTS, PresenceEvents, event_item
from hub.mqtt.expiring import expiring_events
from hub.mqtt.retained import Retained
from hub.mqtt.service import CONSUMER, OFFLINE, MqttPublisher
from hub.mqtt.topics import Topics
from hub.net.mqtt_connection import read_broker
from hub.runtime.offload import offload
from hub.runtime.time_slice import TimeSlice
from hub.settings.model import Settings
from hub.store.errors import DatabaseError
from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import Positions, RowFeed

log = logging.getLogger(__name__)

RECORDS = ("captures", "detections", "alerts", "presence", "visits")


def register(app: Flask, hub: Hub) -> None:
    """Publish to the broker that the settings name; without one nothing is kept for it."""
    settings = hub.settings.mqtt
    hub.expiring.append(expiring_events())
    hub.feeds["presence"] = RowFeed(hub.reader, EVENTS, event_item)
    wanted = set[str](settings.publish)
    feeds = {name: hub.feeds[name] for name in RECORDS if name in wanted}
    cursor = FeedCursor(CONSUMER, feeds, Positions(hub.backend, hub.reader), hub.writer, settings.queue)
    if not settings.host:
        hub.supervisor.spawn("mqtt", cursor.forget)
        return
    topics = Topics(settings.prefix)
    retained = None
    if "states" in settings.publish:
        discovery = Discovery(settings.discovery_prefix, topics) if settings.discovery else None
        watched = [one.camera for one in hub.settings.vehicles if one.enabled]
        retained = Retained(topics, discovery, hub.device_states, watched, TimeSlice().check)
    publisher = MqttPublisher(
        lambda: offload(
            read_broker,
            hub.settings,
            hub.settings.mqtt.client_id or own_client_id(hub.settings),
            topics.status,
            OFFLINE,
        ),
        f"{settings.host}:{settings.port}",
        topics,
        retained,
        cursor,
        tuple(feeds),
        hub.supervisor.spawn,
        lambda: hub.leading.leads,
    )
    hub.add(publisher)
    try:
        cursor.start() if hub.leading.alone else cursor.start_new()
    except (RequestError, DatabaseError) as error:
        log.error("MQTT begins later, since the database cannot be used: %s", error)
    hub.lifecycle.closing.append(publisher.close)
    _subscribe(hub, publisher, "presence" in feeds)
    hub.status["mqtt"] = publisher.status
    hub.deliveries.append(publisher.delivery)
    hub.warning_sources.append(publisher.warnings)
    hub.leading.keep("mqtt", publisher.run, begin=publisher.begin, end=cursor.restart)


def _subscribe(hub: Hub, publisher: MqttPublisher, with_presence: bool) -> None:
    """Subscribers only wake the publisher; arrivals and departures of vehicles are queued to be stored."""
    hub.bus.subscribe(CAPTURE_STORED, lambda _: publisher.wake("captures"))
    hub.bus.subscribe(DETECTION_STORED, lambda _: publisher.wake("detections"))
    hub.bus.subscribe(ALERT_CHANGED, lambda _: publisher.wake("alerts"))
    hub.bus.subscribe(VISIT_CHANGED, lambda _: publisher.wake("visits"))
    hub.bus.subscribe(VEHICLE_ARRIVED, publisher.presence)
    hub.bus.subscribe(VEHICLE_LEFT, publisher.presence)
    if not with_presence:
        return
    events = PresenceEvents(hub.backend, hub.writer, lambda: publisher.wake("presence"))

    def add(event: VehicleArrived | VehicleLeft) -> None:
        events.add(event)

    hub.bus.subscribe(VEHICLE_ARRIVED, add)
    hub.bus.subscribe(VEHICLE_LEFT, add)
    hub.supervisor.keep("events for mqtt", events.run)
    hub.lifecycle.closing.append(events.close)


def own_client_id(settings: Settings) -> str:
    """The same name at every start, and another one for every machine and instance folder, or for every database that
    several hubs share: of these only the one that leads is connected.

    So a connection that the broker still holds after a crash ends before the new one begins, and its will comes first.
    """
    place = settings.store.url or f"{socket.gethostname()} {settings.instance.resolve()}"
    place = f"{place} {settings.mqtt.prefix}"
    return f"gatehouse-{hashlib.blake2b(place.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
