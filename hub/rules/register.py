"""Registration of rules with the hub."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from flask import Flask

from hub.context import Hub
from hub.contract.times import parse_time
from hub.contract.visits import ALARM_SECONDS, MISMATCH
from hub.live.events import (
    ALERT_CHANGED,
    CAPTURE_STORED,
    DETECTION_STORED,
    VISIT_CHANGED,
    CaptureStored,
    RecordStored,
    VisitChanged,
)
from hub.rules.elsewhere import CapturesElsewhere
from hub.rules.engine import Engine
from hub.rules.expiring import expiring_firings
from hub.rules.happenings import of_alert, of_capture, of_detection, of_visit
from hub.rules.mailer import Mailer
from hub.rules.repository import FIRINGS, RULES, RuleRepository
from hub.rules.rest import rules_rest
from hub.rules.rule import Happening, Kind
from hub.rules.service import Rules


def register(app: Flask, hub: Hub) -> None:
    """Add rules with their routes and their mail."""
    repository = RuleRepository(hub.backend, hub.reader)
    mailer = Mailer(hub.settings.mail, hub.settings.instance, repository, hub.writer)
    rules = Rules(hub.writer, repository, Engine(hub.zone), lambda: hub.alerts, mailer.wake, watch=lambda: watch())
    rules.load()
    watch = _silence_watch(hub, rules)
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
    hub.supervisor.keep("rules", rules.run, hub.device_states)
    hub.leading.keep("mail", mailer.run)
    hub.shared_tables.on(RULES, rules.reload)
    hub.shared_tables.on(FIRINGS, mailer.wake)


def _silence_watch(hub: Hub, rules: Rules) -> Callable[[], bool]:
    """Whether this hub looks for those that are silent; it learns of captures at other hubs before."""
    elsewhere = CapturesElsewhere(hub.feeds["captures"], rules.captured)

    def watch() -> bool:
        if hub.leading.leads and not hub.leading.alone:
            elsewhere.look()
        return hub.leading.leads

    return watch


def _subscribe(hub: Hub, rules: Rules) -> None:
    """Subscribers only queue what a rule is about."""

    def visit(event: VisitChanged) -> None:
        if not event.new and event.before == event.shown["state"]:
            return
        if (parse_time(event.shown["last_at"], None) or 0.0) < time.time() - ALARM_SECONDS:
            return  # judged again, or sent late: nobody can do anything about it at the gate
        if event.shown["state"] != MISMATCH:
            rules.offer(Kind.VISIT, lambda now: of_visit(event, now))
            return

        def still(now: float) -> Happening | None:
            """It may be no mismatch once the rest of the evidence has arrived."""
            shown = hub.visits.visit(event.shown["id"])
            return of_visit(replace(event, shown=shown), now) if shown["state"] == MISMATCH else None

        rules.offer(Kind.VISIT, still, hub.settings.visits.settle_seconds)

    def capture(event: CaptureStored) -> None:
        rules.captured(str(event.row["station"]))
        rules.offer(Kind.CAPTURE, lambda now: of_capture(event, Kind.CAPTURE, now))
        if not event.row["success"]:
            rules.offer(Kind.CAPTURE_FAILED, lambda now: of_capture(event, Kind.CAPTURE_FAILED, now))

    def detection(event: RecordStored) -> None:
        rules.offer(Kind.DETECTION, lambda now: of_detection(event, Kind.DETECTION, now))
        if event.watchlist:
            rules.offer(Kind.WATCHLIST_HIT, lambda now: of_detection(event, Kind.WATCHLIST_HIT, now))

    hub.bus.subscribe(VISIT_CHANGED, visit)
    hub.bus.subscribe(CAPTURE_STORED, capture)
    hub.bus.subscribe(DETECTION_STORED, detection)
    hub.bus.subscribe(ALERT_CHANGED, lambda alert: rules.offer(Kind.DEVICE_OFFLINE, lambda now: of_alert(alert, now)))
