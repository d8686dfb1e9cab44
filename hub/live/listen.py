"""A raw WebSocket among the listeners of a fan-out, until it disconnects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.live.fanout import Fanout
from hub.live.links import host_name
from hub.net.wsgi import Environ
from hub.websocket.connection import WebSocket

Received = Callable[[str | bytes, object, str], str]  # (message, listener, host) -> the answer


def listen(fanout: Fanout, socket: WebSocket, environ: Environ, received: Received | None = None) -> Iterable[bytes]:
    """Send the messages of `fanout` to a socket; what it sends is answered by `received`, or ignored."""
    host = host_name(environ.get("HTTP_HOST"))
    listener = fanout.add(socket, host)
    try:
        while (message := socket.receive()) is not None:
            if received is not None:
                with fanout.hold(listener):
                    socket.send(received(message, listener, host))
    finally:
        fanout.remove(listener)
    return []
