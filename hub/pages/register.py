"""Registration of the pages with the hub."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

from hub.context import Hub
from hub.contract.roles import Requirement, Role
from hub.http.answers import principal
from hub.live.listen import listen
from hub.live.missed import Missed
from hub.net.wsgi import Environ
from hub.pages.docs import OpenApiText, docs
from hub.pages.images import images
from hub.pages.questions import Questions
from hub.pages.routes import pages
from hub.pages.site_zone import site_zone
from hub.websocket.connection import WebSocket

MAX_MESSAGE_BYTES = 64 * 1024  # pages send short questions


def register(app: Flask, hub: Hub) -> None:
    """Add the routes of pages and stored pictures, and the WebSocket `/events` that sends live events to pages."""
    app.register_blueprint(images)
    hub.announce("images", "pictures", "http", "/images/NAME", position=4)
    app.register_blueprint(pages)
    app.register_blueprint(docs)
    app.context_processor(lambda: {"trouble": hub.trouble() if principal().allows(Role.VIEWER) else ""})
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
