"""The hub: receives, stores, shows and forwards what watches a gate.

`create_app(settings)` is all the wiring; importing this package does no I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: Settings) -> Flask:
    """A hub over one instance folder, its writer running; `app.extensions["gatehouse"]` is its `hub.context.Hub`.

    `app.test_client()` needs no listener. End it with `hub.lifecycle.close(app)`. Raises OSError or sqlite3.Error when the
    instance folder cannot be used.
    """
    from flask import Flask
    from flask_socketio import SocketIO
    from sqlalchemy import URL

    from . import doors, lifecycle
    from .contract.json_text import SocketJson
    from .engineio_polls import bound_polls
    from .models import db

    app = Flask("hub", template_folder=str(lifecycle.ROOT / "templates"), static_folder=str(lifecycle.ROOT / "static"))
    app.config["SQLALCHEMY_DATABASE_URI"] = URL.create("sqlite", database=str(settings.database_path.resolve()))
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.max_body_mb * 1024 * 1024 + 1  # one more than the server, which refuses better
    app.json.ensure_ascii = False
    db.init_app(app)
    lifecycle.prepare_store(app, settings, db)
    bound_polls()
    socketio = SocketIO(
        app, async_mode="gevent", json=SocketJson, cors_allowed_origins="*",
        max_http_buffer_size=settings.limits.max_body_mb * 1024 * 1024, logger=False, engineio_logger=False,
    )
    hub = lifecycle.build(settings, socketio)
    app.extensions["gatehouse"] = hub
    doors.register(app, hub)
    lifecycle.begin(app, hub)
    return app
