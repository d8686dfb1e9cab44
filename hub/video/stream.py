"""Live pictures as they come: motion JPEG over HTTP, and many cameras on one WebSocket.

`/video/stream` is for `<img>` and for programs that know MJPEG; `/ws/video` sends each frame as one binary message:
2 bytes with the length of the header (big-endian), the header as JSON {camera, seq, timestamp, width, height}, the JPEG.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

from flask import Blueprint, Response, request

from hub.context import Hub
from hub.contract.errors import ContractError
from hub.contract.json_text import encode
from hub.http.answers import current_hub
from hub.http.query import rate
from hub.video.frames import Frame, camera_name
from hub.video.store import FrameStore
from hub.video.viewers import Viewer, Viewers
from hub.websocket.connection import Prepared, WebSocket, WebSocketClosed, prepare

video_stream = Blueprint("video_stream", __name__)

T = TypeVar("T", bytes, Prepared)
BOUNDARY = "frame"
IDLE_SECONDS = 1.0
MAX_WATCHED = 100
NO_STORE = "no-cache, no-store, must-revalidate"


@video_stream.get("/video/stream")
def stream() -> Response:
    """Motion JPEG of `?camera=ID` (of whichever camera has the newest frame without it), at most `?fps=` a second."""
    parts = current_hub()
    camera = request.args.get("camera")
    names = None if camera is None else (camera_name(camera),)
    fps = rate(request.args.get("fps"))
    parts.part(Viewers).check()
    body: Iterable[bytes] = ()  # of HEAD, which would have no end otherwise
    if request.method != "HEAD":
        body = _parts(
            parts, names, fps, request.environ.get("gatehouse.socket"), request.environ.get("REMOTE_ADDR", "")
        )
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


def _parts(parts: Hub, names: tuple[str, ...] | None, fps: float, sock: Any, address: str) -> Iterator[bytes]:
    """The parts of the stream."""
    viewer = parts.part(Viewers).add(sock, address, "mjpeg")
    try:
        # The boundary comes behind each picture, not before it: browsers show a picture when they see its end.
        yield b"--" + BOUNDARY.encode() + b"\r\n"
        yield from _due(parts, viewer, names, fps, mjpeg_part, lambda: viewer.disconnected)
    finally:
        parts.part(Viewers).remove(viewer)


def _due(
    parts: Hub,
    viewer: Viewer,
    names: Sequence[str] | None,
    fps: float,
    made: Callable[[Frame], T],
    ended: Callable[[], bool],
) -> Iterator[T]:
    """What a viewer is sent, frame by frame, each `made` once for all viewers. The next is due when the last has arrived.

    `ended` is asked while there is nothing to send, since sending finds out by itself.
    """
    with parts.part(FrameStore).watch(names, fps=fps) as watch:
        while not parts.part(FrameStore).closed:
            if not watch.wait(IDLE_SECONDS):
                if ended():
                    return
                continue
            if not viewer.ready(len(names) if names else len(parts.part(FrameStore))):
                return
            frame = watch.take()
            if frame is not None:
                data = made(frame)
                viewer.begin(len(data))
                yield data
                viewer.done()


def mjpeg_part(frame: Frame) -> bytes:
    """One part of a stream with the boundary that ends it."""
    made = frame.encoded.get("mjpeg")
    if made is None:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(frame.data)}\r\nX-Timestamp: {frame.received_at:.6f}\r\nX-Frame-Seq: {frame.seq}\r\n\r\n"
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
    """`/ws/video?camera=A&camera=B` (all cameras without it), `&fps=` for at most so many of each a second. What a viewer sends is ignored.

    Raises ContractError before the upgrade.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=MAX_WATCHED + 10)
    names = [camera_name(text) for text in query.get("camera", [])]
    if len(names) > MAX_WATCHED:
        raise ContractError(f"At most {MAX_WATCHED} cameras can be named; leave camera out to watch all.")
    fps = rate(query.get("fps", [None])[0])
    viewer = parts.part(Viewers).add(
        environ.get("gatehouse.socket"),
        environ.get("REMOTE_ADDR", ""),
        "websocket",
        lambda: socket.abort(1011, "one picture took too long"),
    )
    socket.max_message_bytes = 1024
    try:
        socket.accept()
        parts.supervisor.spawn(f"video to {socket.peer}", _send, parts, socket, viewer, names or None, fps)
        while socket.receive() is not None:
            pass
    finally:
        parts.part(Viewers).remove(viewer)
        viewer.dropped = True
    return []


def _send(parts: Hub, socket: WebSocket, viewer: Viewer, names: list[str] | None, fps: float) -> None:
    try:
        for framed in _due(parts, viewer, names, fps, message, lambda: socket.closed):
            # `Viewers.run` drops who takes too long; a limit in sending alone would not see what lies in buffers.
            socket.send(framed, timeout=2 * parts.part(Viewers).stall_seconds)
    except WebSocketClosed:
        return  # the receiving side ends what is left
