"""Registration of alerts and of the webhook with the hub."""

from __future__ import annotations

import logging
import secrets
import socket
import time

import orjson
from flask import Flask

from hub.alerts.book import AlertBook
from hub.alerts.expiring import expiring_alerts
from hub.alerts.pages import alerts_pages
from hub.alerts.records import RecordAlerts
from hub.alerts.repository import ALERTS, MESSAGES, AlertRepository
from hub.alerts.rest import alerts_rest
from hub.alerts.service import AlertService
from hub.alerts.unseen import Unseen
from hub.alerts.watch import Watch
from hub.alerts.webhook import CONSUMER, FEED, Webhook
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.live.events import (
    ALARMS_CHANGED,
    ALERT_CHANGED,
    CAPTURE_STORED,
    DETECTION_STORED,
    RULE_FIRED,
    VISIT_CHANGED,
    CaptureStored,
    RecordStored,
    VisitChanged,
)
from hub.net.outgoing_http import make_pool
from hub.runtime.offload import offload
from hub.runtime.secret_file import stored_secret
from hub.runtime.time_slice import TimeSlice
from hub.store.backend import Row
from hub.store.errors import DatabaseError
from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import FeedItem, Positions, RowFeed

log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Add alerts with their routes and the webhook; every part raises them by `hub.alerts` from here on."""
    settings = hub.settings.alerts
    positions = Positions(hub.backend, hub.reader)
    book = AlertBook(settings.repeat_seconds, settings.off, socket.gethostname())
    repository = AlertRepository(hub.backend, hub.reader)
    unseen = Unseen(repository, lambda summary: hub.bus.publish(ALARMS_CHANGED, summary))
    service = AlertService(
        hub.writer,
        repository,
        positions,
        hub.bus,
        book,
        Watch(book, settings.hold_seconds, settings.steady_seconds, breathe=TimeSlice().check),
        RecordAlerts(hub.notable),
        settings.watchlist,
        on_change=unseen.changed,
        leads=lambda: hub.leading.leads,
    )
    hub.add(service)
    hub.add(unseen)
    service.load(time.time() - settings.repeat_seconds)
    hub.alerts = service
    hub.feeds[FEED] = RowFeed(hub.reader, MESSAGES, _message)
    app.register_blueprint(alerts_rest)
    app.register_blueprint(alerts_pages)
    hub.described_in.append("hub.alerts.operations")
    hub.status["alerts"] = service.status
    hub.lifecycle.closing.append(service.close)
    _wake(hub, service)
    hub.supervisor.keep("alerts", service.run, hub.device_states, hub.conditions)
    hub.supervisor.keep("alarms on pages", unseen.run)
    hub.shared_tables.on(ALERTS, service.elsewhere)
    hub.expiring += expiring_alerts(hub.settings)
    _add_webhook(hub, positions)


def _wake(hub: Hub, service: AlertService) -> None:
    """Have new records looked at as soon as one of them is an alert."""

    def detection(event: RecordStored) -> None:
        if event.watchlist:
            service.wake()

    def capture(event: CaptureStored) -> None:
        if not event.row["success"]:
            service.wake()

    def visit(event: VisitChanged) -> None:
        if event.shown["waits"]:
            service.wake()

    hub.bus.subscribe(DETECTION_STORED, detection)
    hub.bus.subscribe(VISIT_CHANGED, visit)
    hub.bus.subscribe(CAPTURE_STORED, capture)
    hub.bus.subscribe(RULE_FIRED, lambda _: service.wake())


def _message(row: Row) -> FeedItem:
    """The item of a stored message."""
    body = orjson.loads(row["body"])
    if not isinstance(body, dict) or "id" not in body:
        raise ValueError("body is no message")
    return FeedItem(row["seq"], row["kind"], row["received_at"], body)


def _add_webhook(hub: Hub, positions: Positions) -> None:
    """Deliver to the webhook where the settings name one; without one nothing is kept for it."""
    settings = hub.settings.webhook
    cursor = FeedCursor(CONSUMER, {FEED: hub.feeds[FEED]}, positions, hub.writer, settings.queue)
    if not settings.url:
        hub.supervisor.spawn("webhook", cursor.forget)
        return
    secret = settings.secret
    if not secret:
        secret, fresh = stored_secret(hub.settings.webhook_secret_path, lambda: secrets.token_urlsafe(32))
        hub.start_paths.append(f"Secret    {hub.settings.webhook_secret_path.resolve()} (of the webhook)")
        if fresh:
            log.info("A secret for the signatures of the webhook was made.")
    ca = str(hub.settings.instance / settings.ca) if settings.ca else ""
    webhook = Webhook(
        settings.url,
        secret,
        cursor,
        lambda: offload(make_pool, ca),
        settings.timeout_seconds,
        settings.max_age_hours * 3600,
    )
    hub.add(webhook)
    try:
        cursor.start() if hub.leading.alone else cursor.start_new()
    except (RequestError, DatabaseError) as error:
        log.error("The webhook begins later, since the database cannot be used: %s", error)
    hub.bus.subscribe(ALERT_CHANGED, webhook.wake)
    hub.leading.keep("webhook", webhook.run, begin=webhook.forget, end=webhook.forget)
    hub.shared_tables.on(MESSAGES, webhook.wake)
    hub.lifecycle.closing.append(webhook.close)
    hub.status["webhook"] = webhook.status
    hub.deliveries.append(webhook.delivery)
    hub.warning_sources.append(webhook.warnings)
