"""Registration of live pictures with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.video.elsewhere import FramesElsewhere
from hub.video.rest import video
from hub.video.scaled import Scaler
from hub.video.store import FrameStore
from hub.video.stream import VIEWERS, serve, video_stream
from hub.video.viewers import Viewers


def register(app: Flask, hub: Hub) -> None:
    """Add the frame store, the viewers, their routes, and `/ws/video`."""
    settings = hub.settings.video
    frames, viewers = FrameStore(settings), Viewers(settings.max_viewers, settings.stall_seconds)
    hub.add(frames)
    hub.add(viewers)
    if hub.relay.active:
        elsewhere = FramesElsewhere(hub.relay, frames)
        frames.elsewhere = elsewhere
        hub.shared.add("pictures", elsewhere.cameras_here, elsewhere.camera_elsewhere)
    scaler = Scaler(hub.lanes.live_pictures)
    hub.add(scaler)
    app.register_blueprint(video)
    app.register_blueprint(video_stream)
    hub.described_in.append("hub.video.operations")
    hub.websockets.add_path("/ws/video", lambda socket, environ: serve(hub, socket, environ), VIEWERS)
    hub.status["video"] = lambda: {**frames.status(), "watched_by": viewers.status(), "scaled": scaler.status()}
    hub.supervisor.keep("video viewers", viewers.run)
    hub.lifecycle.stopping.append(frames.close)
