"""Registration of rules with the hub, after alerts."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.live.events import (
    ALERT_CHANGED,
    CAPTURE_STORED,
    DETECTION_STORED,
    RULE_FIRED,
    VISIT_CHANGED,
    CaptureStored,
)
from hub.rules.elsewhere import CapturesElsewhere
from hub.rules.engine import Engine
from hub.rules.expiring import expiring_firings
from hub.rules.firings import FiringAlerts
from hub.rules.happenings import of_alert, of_capture, of_detection, of_visit
from hub.rules.intake import MAX_BEHIND, Intake, Source
from hub.rules.mailer import Mailer
from hub.rules.repository import FIRINGS, RULES, RuleRepository
from hub.rules.rest import rules_rest
from hub.rules.rule import Kind
from hub.rules.service import Rules
from hub.runtime.time_slice import TimeSlice
from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import Positions

CONSUMER = "rules"
SOURCES = {
    "captures": Source(frozenset({Kind.CAPTURE, Kind.CAPTURE_FAILED}), of_capture),
    "detections": Source(frozenset({Kind.DETECTION, Kind.WATCHLIST_HIT}), of_detection),
    "verdicts": Source(frozenset({Kind.VISIT}), of_visit),
    "mismatches": Source(frozenset({Kind.VISIT}), of_visit),
    "alerts": Source(frozenset({Kind.DEVICE_OFFLINE}), of_alert),
}


def register_alarms(_: Flask, hub: Hub) -> None:
    """Make alerts of what rules have fired for; before `hub.alerts`, which looks for them from its start on."""
    hub.notable["rule firings"] = FiringAlerts(hub.reader)


def register(app: Flask, hub: Hub) -> None:
    """Add rules with their routes and their mail."""
    repository = RuleRepository(hub.backend, hub.reader)
    mailer = Mailer(hub.settings.mail, hub.settings.instance, repository, hub.writer, zone=hub.zone)
    engine = Engine(hub.zone, lambda kind, device: hub.checkpoints(kind, device))
    feeds = {name: hub.feeds[name] for name in SOURCES}
    cursor = FeedCursor(CONSUMER, feeds, Positions(hub.backend, hub.reader), hub.writer, MAX_BEHIND)
    intake = Intake(SOURCES, cursor, engine.wants)
    rules = Rules(
        hub.writer,
        repository,
        engine,
        intake,
        lambda told: hub.bus.publish(RULE_FIRED, told),
        mailer.wake,
        leads=lambda: hub.leading.leads,
        alone=hub.leading.alone,
        breathe=TimeSlice().check,
    )
    rules.load()
    if not hub.leading.alone:
        rules.look_elsewhere = CapturesElsewhere(hub.feeds["captures"], rules.captured).look
    hub.rules_want = lambda kind: engine.wants(Kind(kind))
    hub.add(rules)
    hub.add(mailer)
    app.register_blueprint(rules_rest)
    hub.described_in.append("hub.rules.operations")
    hub.status["rules"] = rules.status
    hub.status["mail"] = mailer.status
    hub.expiring.append(expiring_firings(hub.settings))
    if hub.settings.mail.host:
        hub.deliveries.append(mailer.delivery)
        hub.warning_sources.append(mailer.warnings)
    _subscribe(hub, rules)
    hub.lifecycle.closing.append(rules.close)
    hub.leading.keep("rules", rules.run, hub.device_states, begin=rules.begin, end=rules.end)
    hub.leading.keep("mail", mailer.run, end=mailer.forget)
    hub.shared_tables.on(RULES, rules.reload)
    hub.shared_tables.on(FIRINGS, mailer.wake)


def _subscribe(hub: Hub, rules: Rules) -> None:
    """Look at new records at once."""

    def capture(event: CaptureStored) -> None:
        rules.captured(str(event.row["station"]))
        rules.wake("captures")

    hub.bus.subscribe(CAPTURE_STORED, capture)
    hub.bus.subscribe(DETECTION_STORED, lambda _: rules.wake("detections"))
    hub.bus.subscribe(VISIT_CHANGED, lambda _: rules.wake("verdicts"))
    hub.bus.subscribe(ALERT_CHANGED, lambda _: rules.wake("alerts"))
