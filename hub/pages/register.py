"""Registration of the pages with the hub."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

import gevent
from flask import Flask

from hub.context import Hub
from hub.contract.roles import Requirement, Role
from hub.http.answers import principal
from hub.live.listen import listen
from hub.live.missed import Missed
from hub.net.wsgi import Environ
from hub.pages.device_states import DeviceStates
from hub.pages.docs import OpenApiText, docs
from hub.pages.gate_rest import gate_rest
from hub.pages.images import images
from hub.pages.questions import Questions
from hub.pages.routes import pages
from hub.pages.site_zone import site_zone
from hub.pages.today import Today
from hub.runtime.lanes import LaneBusy
from hub.store.thumbnails import Thumbnails
from hub.websocket.connection import WebSocket

log = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0
MAX_MESSAGE_BYTES = 64 * 1024  # pages send short questions


def register(app: Flask, hub: Hub) -> None:
    """Add the routes of pages and stored pictures, and the WebSocket `/events` that sends live events to pages."""
    app.register_blueprint(images)
    _add_thumbnails(hub)
    hub.announce("images", "pictures", "http", "/images/NAME", position=4)
    hub.add(Today(hub.day_counts, hub.zone))
    hub.add(DeviceStates(hub.device_states))
    app.register_blueprint(pages)
    app.register_blueprint(gate_rest)
    app.register_blueprint(docs)
    app.context_processor(partial(_shown, hub))
    hub.add(OpenApiText(app, hub.described_in))
    hub.described_in.append("hub.pages.operations")
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)  # compiled now: at the first request it would block the event loop

    app.context_processor(lambda: site_zone(hub.zone))
    questions = Questions(hub.part(Missed))

    def events(socket: WebSocket, environ: Environ) -> Iterable[bytes]:
        socket.max_message_bytes = MAX_MESSAGE_BYTES
        return listen(hub.pages, socket, environ, questions.reply)

    hub.websockets.add_path("/events", events, Requirement(Role.VIEWER))


def _shown(hub: Hub) -> dict[str, Any]:
    """For templates: what stops the hub from storing, and whether the reader may look and decide."""
    who = principal()
    is_viewer = who.allows(Role.VIEWER)
    return {
        "trouble": hub.trouble() if is_viewer else "",
        "is_viewer": is_viewer,
        "is_operator": who.allows(Role.OPERATOR),
    }


def _add_thumbnails(hub: Hub) -> None:
    """Add the small versions of pictures, and the task that deletes those of deleted pictures."""
    thumbnails = Thumbnails(
        hub.settings.thumbnails_path,
        hub.images,
        hub.packs,
        hub.picture_files,
        hub.lanes,
        hub.examiner.limits,
        hub.settings.images.thumbnails_mb * 1_000_000,
        lambda: not hub.room.closed,
    )
    thumbnails.prepare()
    hub.add(thumbnails)
    hub.status["thumbnails"] = thumbnails.status
    hub.supervisor.keep("thumbnail sweep", _sweep, thumbnails)


def _sweep(thumbnails: Thumbnails) -> None:
    while True:
        try:
            thumbnails.sweep()
        except (OSError, LaneBusy) as error:
            log.debug("Thumbnails were not swept: %s", error)
        gevent.sleep(SWEEP_SECONDS)
