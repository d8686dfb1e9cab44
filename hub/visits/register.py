"""Registration of visits with the hub, after captures, detections, corrections and devices, before alerts and MQTT."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask

from hub.context import Hub
from hub.contract.alerts import AlertKind
from hub.contract.errors import RequestError
from hub.live.events import (
    CAPTURE_STORED,
    CORRECTION_MADE,
    DETECTION_STORED,
    REGISTER_CHANGED,
    VEHICLE_ARRIVED,
    VEHICLE_LEFT,
    WEIGHT_SETTLED,
)
from hub.live.links import LOOPBACK
from hub.live.missed import Missed, Stored
from hub.store.errors import DatabaseError
from hub.store.feeds import Positions
from hub.visits.assessment import Assessment
from hub.visits.checkpoints import Checkpoints
from hub.visits.decisions import Decisions
from hub.visits.expiring import expiring_visits
from hub.visits.intake import CAPTURES, DETECTIONS, MADE, Intake, correction_feed
from hub.visits.joining import Rules
from hub.visits.messages import VisitAlerts, visit_feed
from hub.visits.pages import visits_pages
from hub.visits.parts import CONSUMER, Parts
from hub.visits.reading import StoredVisits
from hub.visits.rejudging import Rejudging
from hub.visits.repository import VISITS, Query, VisitRepository
from hub.visits.rest import visits_rest
from hub.visits.service import VisitService
from hub.visits.verdicts import VerdictFeed

log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Add visits with their routes; where they are enabled, join what is stored from now on."""
    settings, positions = hub.settings.visits, Positions(hub.backend, hub.reader)
    repository = VisitRepository(hub.backend, hub.reader)
    stored = StoredVisits(repository, hub.links)
    assessment = Assessment(lambda: hub.vehicles, lambda: hub.plate_watch)
    service = _service(hub, repository, positions, assessment)
    hub.add(stored)
    hub.add(service)
    hub.add(Decisions(service, lambda data, author: hub.correct(data, author)))
    hub.visits = stored
    hub.feeds["visits"] = visit_feed(hub.reader)
    hub.feeds["verdicts"] = VerdictFeed(hub.reader)
    hub.feeds["mismatches"] = VerdictFeed(hub.reader, settings.settle_seconds, mismatches=True)
    hub.notable["denied visits"] = VisitAlerts(hub.reader, AlertKind.VISIT_DENIED)
    hub.notable["visits"] = VisitAlerts(hub.reader, AlertKind.VISIT_MISMATCH, settings.settle_seconds)
    hub.part(Missed).add("visit", _missed(stored))
    app.register_blueprint(visits_rest)
    app.register_blueprint(visits_pages)
    hub.described_in.append("hub.visits.operations")
    hub.expiring += expiring_visits(hub.settings)
    hub.status["visits"] = service.status
    if not settings.enabled:
        hub.supervisor.spawn("visits", _forget, hub, positions)
        return
    try:
        if hub.leading.alone or not positions.load(CONSUMER):
            service.start()
    except (RequestError, DatabaseError) as error:
        log.error("Visits begin later, since the database cannot be used: %s", error)
    hub.bus.subscribe(CAPTURE_STORED, lambda _: service.wake(CAPTURES))
    hub.bus.subscribe(DETECTION_STORED, lambda _: service.wake(DETECTIONS))
    hub.bus.subscribe(CORRECTION_MADE, lambda _: service.wake(MADE))
    rejudging = Rejudging(service, repository, assessment)
    hub.status["visits"] = lambda: {**service.status(), **rejudging.status()}
    hub.bus.subscribe(REGISTER_CHANGED, rejudging.on_change)
    hub.bus.subscribe(VEHICLE_ARRIVED, service.sense)
    hub.bus.subscribe(VEHICLE_LEFT, service.sense)
    hub.bus.subscribe(WEIGHT_SETTLED, service.sense)
    hub.leading.keep("visits", service.run, begin=service.begin)
    hub.leading.keep("visits judged again", rejudging.run)
    hub.shared_tables.on(VISITS, service.elsewhere)
    hub.lifecycle.closing.append(service.close)


def _service(hub: Hub, repository: VisitRepository, positions: Positions, assessment: Assessment) -> VisitService:
    settings = hub.settings.visits
    feeds = {
        CAPTURES: hub.feeds[CAPTURES],
        DETECTIONS: hub.feeds[DETECTIONS],
        MADE: correction_feed(hub.reader),
    }
    checkpoints = Checkpoints(lambda kind, device: hub.checkpoints(kind, device), lambda: _stations(hub))
    prefix = hub.links.picture("-", LOOPBACK)[:-1]
    parts = Parts(
        hub.writer,
        repository,
        positions,
        hub.bus,
        hub.links,
        Intake(feeds, hub.corrected, checkpoints, prefix, settings.join_seconds),
        checkpoints,
        assessment,
    )
    mqtt = hub.settings.mqtt
    keep_messages = bool(mqtt.host) and "visits" in mqtt.publish
    rules = Rules(settings.join_seconds, settings.standing_minutes * 60)
    return VisitService(
        parts,
        rules,
        settings.net_hours * 3600,
        keep_messages,
        lambda: hub.rules_want("visit"),
        leads=lambda: hub.leading.leads,
        alone=hub.leading.alone,
    )


def _stations(hub: Hub) -> tuple[int, str]:
    """How many stations the hub knows, and the name of one."""
    count = int(hub.names["stations"]()["known"])
    if count != 1:
        return count, ""
    states = (state.id for states in hub.device_states for state in states() if state.kind == "station")
    return count, next(states, "")


def _missed(stored: StoredVisits) -> Stored:
    def newest(before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        return stored.page(Query(limit, before), LOOPBACK)

    return Stored(stored.visit, newest, stored.for_host)


def _forget(hub: Hub, positions: Positions) -> None:
    """Remove the positions: visits begin anew with the next record when they are enabled again."""
    try:
        if positions.load(CONSUMER):
            hub.writer.write(lambda transaction: positions.remove(transaction, CONSUMER))
    except (RequestError, DatabaseError) as error:
        log.info("The positions of visits stay: %s", error)
