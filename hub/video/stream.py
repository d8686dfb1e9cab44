"""Live pictures: motion JPEG over HTTP, and many cameras on one WebSocket.

`/video/stream` is for `<img>` and for programs that understand MJPEG; `/ws/video` sends each frame as one binary
message: 2 bytes with the length of the header (big-endian), the header as JSON {camera, seq, timestamp, width, height},
the JPEG. `width` and `height` are those of this JPEG.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.context import Hub
from hub.contract.errors import ContractError
from hub.contract.json_text import encode
from hub.contract.roles import Requirement, Role
from hub.http.answers import current_hub
from hub.http.query import rate
from hub.live.queues import LatestOnDemand
from hub.live.sender import Sender
from hub.net.transport import PeerStalled
from hub.video.frames import Frame, camera_name
from hub.video.scaled import Scaler, shown_width
from hub.video.store import FrameStore
from hub.video.viewers import Viewer, Viewers
from hub.video.watch import Watch
from hub.websocket.connection import Prepared, WebSocket, prepare

video_stream = Blueprint("video_stream", __name__)

Encoded = TypeVar("Encoded", bound=bytes)
BOUNDARY = "frame"
MAX_WATCHED = 100
VIEWERS = Requirement(Role.VIEWER)
NO_STORE = "no-cache, no-store, must-revalidate"


@video_stream.get("/video/stream")
@role(Role.VIEWER)
def stream() -> Response:
    """Motion JPEG of `?camera=ID` (of whichever camera has the newest frame without it), at most `?fps=` a second."""
    parts = current_hub()
    camera = request.args.get("camera")
    names = None if camera is None else (camera_name(camera),)
    fps = rate(request.args.get("fps"))
    parts.part(Viewers).check()
    body: Iterable[bytes] = ()  # of HEAD, which would have no end otherwise
    if request.method != "HEAD":
        body = _parts(parts, names, fps, request.environ)
    response = Response(body, content_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}", direct_passthrough=True)
    response.headers.update(
        {
            "Cache-Control": NO_STORE,
            "Pragma": "no-cache",
            "Expires": "0",
            "Connection": "close",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response


def _parts(parts: Hub, names: tuple[str, ...] | None, fps: float, environ: dict[str, Any]) -> Iterator[bytes]:
    """The parts of the stream."""
    viewer = parts.part(Viewers).add(environ.get("gatehouse.socket"), environ.get("REMOTE_ADDR", ""), "mjpeg")
    watched = parts.connections.add(environ, VIEWERS, viewer.drop)
    try:
        # The boundary comes behind each picture, not before it: browsers show a picture when they see its end.
        yield b"--" + BOUNDARY.encode() + b"\r\n"
        with parts.part(FrameStore).watch(names, fps=fps) as watch:
            frames = _latest(parts, watch, viewer, names, mjpeg_part, lambda: viewer.disconnected)
            while frames.wait():
                for part in frames.take():
                    yield part
                    frames.task_done()
    finally:
        parts.connections.remove(watched)
        parts.part(Viewers).remove(viewer)


def _latest(
    parts: Hub,
    watch: Watch,
    viewer: Viewer,
    names: Sequence[str] | None,
    encoder: Callable[[Frame], Encoded],
    disconnected: Callable[[], bool],
) -> LatestOnDemand[Frame, Encoded]:
    """The newest frame each time that the viewer has received the one before, encoded once for all viewers."""
    store = parts.part(FrameStore)
    return LatestOnDemand(
        watch,
        viewer,
        lambda: viewer.ready(len(names) if names else len(store)),
        encoder,
        lambda: store.closed or disconnected(),
    )


def mjpeg_part(frame: Frame) -> bytes:
    """One part of a stream with the boundary that ends it."""
    made = frame.encoded.get("mjpeg")
    if made is None:
        head = (
            f"Content-Type: image/jpeg\r\nContent-Length: {len(frame.data)}\r\n"
            f"X-Timestamp: {frame.received_at:.6f}\r\nX-Frame-Seq: {frame.seq}\r\n\r\n"
        )
        made = frame.encoded["mjpeg"] = b"%b%b\r\n--%b\r\n" % (head.encode(), frame.data, BOUNDARY.encode())
    return made


def message(frame: Frame) -> Prepared:
    """One message of `/ws/video`, framed."""
    made = frame.encoded.get("websocket")
    if made is None:
        header = encode(
            {
                "camera": frame.camera,
                "seq": frame.seq,
                "timestamp": frame.received_at,
                "width": frame.width,
                "height": frame.height,
            }
        )
        made = frame.encoded["websocket"] = prepare(b"%b%b%b" % (len(header).to_bytes(2, "big"), header, frame.data))
    return made


def serve(parts: Hub, socket: WebSocket, environ: dict[str, Any]) -> Iterable[bytes]:
    """Serve `/ws/video?camera=A&camera=B` (all cameras without it).

    `&fps=` limits the frames of each per second, `&width=` scales them down to what a small tile shows. What a viewer
    sends is ignored. Raises ContractError before the upgrade.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=MAX_WATCHED + 10)
    names = [camera_name(text) for text in query.get("camera", [])]
    if len(names) > MAX_WATCHED:
        raise ContractError(f"At most {MAX_WATCHED} cameras can be named; leave camera out to watch all.")
    fps, width = rate(query.get("fps", [None])[0]), shown_width(query.get("width", [None])[0])
    viewer = parts.part(Viewers).add(
        environ.get("gatehouse.socket"),
        environ.get("REMOTE_ADDR", ""),
        "websocket",
        lambda: socket.abort(1011, "one picture took too long"),
    )
    socket.max_message_bytes = 1024
    try:
        socket.accept()
        parts.supervisor.spawn(f"video to {socket.peer}", _send, parts, socket, viewer, names or None, fps, width)
        while socket.receive() is not None:
            pass
    finally:
        parts.part(Viewers).remove(viewer)
        viewer.dropped = True
    return []


def _send(parts: Hub, socket: WebSocket, viewer: Viewer, names: list[str] | None, fps: float, width: int) -> None:
    """The viewer's greenlet; the receiving side ends the connection."""
    # `Viewers.run` drops slow viewers: a limit on writing alone would not notice what lies in buffers.
    stall_seconds = 2 * parts.part(Viewers).stall_seconds
    scaler = parts.part(Scaler)

    def encoder(frame: Frame) -> Prepared:
        return message(scaler.scaled(frame, width))

    with parts.part(FrameStore).watch(names, fps=fps) as watch, suppress(PeerStalled):
        Sender(socket, _latest(parts, watch, viewer, names, encoder, lambda: socket.closed), stall_seconds).run()
