"""What requests require: what strangers ask for is not kept."""

from __future__ import annotations

import tracemalloc

from flask import Flask

from hub.access.requirements import UNKNOWN, Requirements
from hub.websocket.routes import WebSocketRoutes


def test_long_paths_of_strangers_are_not_kept() -> None:
    app = Flask(__name__)
    requirements = Requirements(app, WebSocketRoutes(app.wsgi_app))
    assert requirements.of({"PATH_INFO": "/none", "REQUEST_METHOD": "GET"}) is UNKNOWN
    tracemalloc.start()
    try:
        for number in range(200):
            environ = {"PATH_INFO": f"/{number}" + "x" * 30_000, "REQUEST_METHOD": "GET"}
            assert requirements.of(environ) is UNKNOWN
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
