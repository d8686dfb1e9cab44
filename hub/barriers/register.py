"""Registration of barriers with the hub."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask

from hub.barriers.book import PulseBook
from hub.barriers.expiring import expiring_pulses
from hub.barriers.http_relay import HttpRelay
from hub.barriers.lane import BarrierLane
from hub.barriers.modbus_relay import ModbusRelay
from hub.barriers.mqtt_relay import MqttRelay
from hub.barriers.relay import Relay, RelayError
from hub.barriers.repository import PulseRepository
from hub.barriers.rest import barriers_rest
from hub.barriers.service import Barriers
from hub.barriers.stop import GlobalStop
from hub.barriers.wire import Wire
from hub.context import Hub
from hub.live.events import BARRIERS_CHANGED, VISIT_CHANGED
from hub.net.mqtt_connection import Broker, read_broker
from hub.net.outgoing_http import make_pool
from hub.runtime.offload import offload
from hub.runtime.secret_file import read_secret
from hub.settings.barriers import Barrier
from hub.settings.model import Settings

log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Add the barriers of the settings with their routes; each enabled one has a greenlet of its own."""
    stop = GlobalStop(hub.settings.barriers_stopped_path)
    stop.load()
    barriers = Barriers(
        stop,
        hub.audit,
        lambda: hub.alerts,
        lambda: hub.visits,
        lambda shown: hub.bus.publish(BARRIERS_CHANGED, shown),
    )
    hub.add(barriers)
    book = PulseBook(hub.writer, PulseRepository(hub.backend, hub.reader))
    for barrier in hub.settings.barriers:
        _add(hub, barriers, barrier, stop, book)
    app.register_blueprint(barriers_rest)
    app.context_processor(lambda: {"has_barriers": barriers.any_enabled})
    hub.described_in.append("hub.barriers.operations")
    hub.bus.subscribe(VISIT_CHANGED, barriers.on_visit)
    hub.supervisor.keep("stop of barriers", stop.run)
    if barriers.any_enabled and not hub.leading.alone:
        hub.audit.on_elsewhere(barriers.adopt)
    hub.status["barriers"] = barriers.shown
    hub.warning_sources.append(barriers.warnings)
    hub.expiring.append(expiring_pulses(hub.settings))
    hub.lifecycle.closing.append(barriers.close)


def _add(hub: Hub, barriers: Barriers, barrier: Barrier, stop: GlobalStop, book: PulseBook) -> None:
    relay = _relay(hub, barrier)
    lane = BarrierLane(
        barrier,
        relay.target,
        relay.ends_pulse,
        Wire(relay, barrier.timeout_seconds, hub.supervisor.spawn),
        book,
        lambda: stop.state.stopped,
        barriers.told,
    )
    barriers.add(lane)
    if barrier.enabled:
        lane.load(book.load(barrier.name))
        hub.supervisor.keep(f"barrier {barrier.name}", lane.run)


def _relay(hub: Hub, barrier: Barrier) -> Relay:
    if barrier.kind == "http":
        return HttpRelay(barrier, lambda: offload(make_pool), lambda: offload(_password, hub.settings, barrier))
    if barrier.kind == "mqtt":

        def broker(client_id: str) -> Broker:
            return offload(read_broker, hub.settings, client_id)

        return MqttRelay(barrier, hub.settings.mqtt.host, broker, hub.supervisor.spawn)
    relay = ModbusRelay(barrier)
    if barrier.enabled:
        try:
            relay.load()  # now, so that the first pulse does not wait for it
        except RelayError as error:
            log.error("The barrier %s cannot be opened: %s.", barrier.name, error)
    return relay


def _password(settings: Settings, barrier: Barrier) -> Any:
    """The password of the login, on a native thread. Raises OSError."""
    return read_secret(settings.instance / barrier.password_file) if barrier.password_file else barrier.password
