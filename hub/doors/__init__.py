"""Where clients come in: each door parses with the contract, calls a service and encodes the answer. No logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from ..context import Hub


def register(app: Flask, hub: Hub) -> None:
    """Hang every door on the app; the gate stands in front of all of them."""
    from ..security import Gate
    from . import failures, lpr_sio, lpr_sio_older, sio
    from .apriltag_live import apriltag_live
    from .apriltag_posts import AprilTagPosts
    from .apriltag_rest import apriltag_rest
    from .images import images
    from .lpr_devices import lpr_devices
    from .lpr_rest import lpr_rest
    from .lpr_wsgi import LprPosts
    from .pages import pages
    from .rawws import RawWebSockets
    from .rest import rest
    from .video import video
    from .video_stream import video_stream
    from .watchlist import watchlist

    failures.register(app)
    app.register_blueprint(rest)
    app.register_blueprint(lpr_rest)
    app.register_blueprint(lpr_devices)
    app.register_blueprint(watchlist)
    app.register_blueprint(apriltag_live)
    app.register_blueprint(apriltag_rest)
    app.register_blueprint(images)
    app.register_blueprint(video)
    app.register_blueprint(video_stream)
    app.register_blueprint(pages)
    sio.register(hub)
    lpr_sio.register(hub)
    lpr_sio_older.register(hub)
    app.wsgi_app = Gate(  # type: ignore[method-assign]
        RawWebSockets(AprilTagPosts(LprPosts(app.wsgi_app, hub), hub), hub), hub.settings.access.allowed_origins, hub.settings.apriltag.networks)
