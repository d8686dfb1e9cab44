"""Registration of the device registry with the hub, and of who lets devices in."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import gevent
from flask import Flask

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.roles import Role
from hub.devices.access_repository import ACCESS_DEVICES, ACCESS_TOKENS, DEVICE_LABELS, RowsById
from hub.devices.access_rest import access_rest
from hub.devices.admissions import DeviceAdmissions
from hub.devices.decisions import Decisions
from hub.devices.first_steps import first_steps
from hub.devices.identifiers import AdmissionIdentifier, TokenIdentifier
from hub.devices.known_devices import KnownDevices
from hub.devices.labels import Labels
from hub.devices.overview import Overview
from hub.devices.overview_rest import overview_rest
from hub.devices.pair_rest import pair_rest
from hub.devices.pairing import Pairings
from hub.devices.repository import DEVICES, DeviceRepository
from hub.devices.rest import devices_rest
from hub.devices.service import Devices
from hub.devices.tokens import DeviceTokens, shared_token
from hub.live.events import DEVICES_CHANGED, LABEL_CHANGED
from hub.net.wsgi import Environ
from hub.video.store import FrameStore

log = logging.getLogger(__name__)

WRITE_SECONDS = 10.0
NEWS_SECONDS = 0.5  # pages are notified at most this often


def register(app: Flask, hub: Hub) -> None:
    """Add the registry of devices, their admission and tokens, with the routes."""
    limits = hub.settings.limits
    registrations = Devices(hub.writer, DeviceRepository(hub.backend, hub.reader), limits.max_registrations)
    hub.add(registrations)
    registrations.load()
    hub.names["devices"] = registrations.names.status
    known = KnownDevices(hub.writer, RowsById(hub.backend, hub.reader, ACCESS_DEVICES), limits.max_waiting)
    text, fresh = shared_token(hub.settings.device_token_path)
    repository = RowsById(hub.backend, hub.reader, ACCESS_TOKENS)
    tokens = DeviceTokens(hub.writer, repository, text, hub.gate.changed)
    known.load()
    tokens.load()
    _share(hub, registrations, known, tokens)
    admissions = DeviceAdmissions(known, limits.waiting_per_address)
    pairings = Pairings(tokens, known.news, limits)
    for part in (known, tokens, admissions, Decisions(known, hub.gate.changed), pairings):
        hub.add(part)
    hub.shared.add("pairings", pairings.states_here, pairings.state_elsewhere, DEVICES_CHANGED)
    _add_list(app, hub, known, pairings, registrations)
    hub.gate.admissions = admissions
    hub.gate.add_identifier(TokenIdentifier(tokens, registrations, partial(_is_open, hub)))
    hub.gate.add_identifier(AdmissionIdentifier(admissions), by_address=True)
    _add_background_work(hub, known, tokens)
    hub.names["waiting devices"] = known.names.status
    hub.names["pairing requests"] = pairings.names.status
    hub.status["admissions"] = lambda: {"devices": admissions.status(), "tokens": tokens.status()}
    for blueprint in (devices_rest, access_rest, pair_rest):
        app.register_blueprint(blueprint)
    hub.described_in += ["hub.devices.operations", "hub.devices.access_operations"]
    if fresh:
        hub.start_notes.append(f"Token of devices, for cameras and stations of other machines; shown this once: {text}")
    hub.start_paths.append(f"Token     {hub.settings.device_token_path.resolve()} (of devices)")


def _add_list(app: Flask, hub: Hub, known: KnownDevices, pairings: Pairings, registrations: Devices) -> None:
    """Add the list of all devices, and what operators say about them."""

    def changed(label: dict[str, Any]) -> None:
        hub.bus.publish(LABEL_CHANGED, label)

    labels = Labels(hub.writer, RowsById(hub.backend, hub.reader, DEVICE_LABELS), changed)
    labels.load()
    hub.shared_tables.on(DEVICE_LABELS, labels.reload)
    hub.add(labels)
    hub.checkpoints = labels.place
    hub.add(Overview(hub.device_states, hub.part(FrameStore), known, pairings, registrations, labels))
    app.register_blueprint(overview_rest)
    app.register_blueprint(first_steps)
    hub.described_in.append("hub.devices.overview_operations")


def _share(hub: Hub, registrations: Devices, known: KnownDevices, tokens: DeviceTokens) -> None:
    """Let what operators decide at another hub count here."""

    def reload_devices() -> None:
        if known.reload():
            hub.gate.changed()

    def reload_registrations() -> None:
        registrations.reload()
        hub.gate.changed()

    devices, access, used = DEVICES.columns, ACCESS_DEVICES.columns, ACCESS_TOKENS.columns
    hub.shared_tables.on(DEVICES, reload_registrations, [devices.status, devices.fields])
    hub.shared_tables.on(ACCESS_DEVICES, reload_devices, [access.state, access.name, access.claimed])
    hub.shared_tables.on(ACCESS_TOKENS, tokens.reload, [used.name, used.revoked_at])


def _is_open(hub: Hub, environ: Environ) -> bool:
    """Whether a request may be sent by everybody."""
    return hub.gate.requirements is not None and hub.gate.requirements.of(environ).role is Role.OPEN


def _add_background_work(hub: Hub, known: KnownDevices, tokens: DeviceTokens) -> None:
    """Notify pages of changes, and write now and then what changed without an operator."""

    def notify() -> None:
        while True:
            known.news.wait()
            known.news.clear()
            hub.bus.publish(DEVICES_CHANGED, known.status())
            gevent.sleep(NEWS_SECONDS)

    def write() -> None:
        while True:
            gevent.sleep(WRITE_SECONDS)
            flush()

    def flush() -> None:
        try:
            known.flush()
            tokens.flush()
        except RequestError as error:
            log.warning("When devices were last seen is not stored: %s", error)

    hub.supervisor.keep("device news", notify)
    hub.supervisor.keep("device times", write)
    hub.lifecycle.closing.append(flush)
