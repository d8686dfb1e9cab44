"""A raw WebSocket as a listener of a fan-out, until it disconnects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.live.fanout import Fanout
from hub.net.host import request_host
from hub.net.wsgi import Environ
from hub.websocket.connection import WebSocket

OnMessage = Callable[[str | bytes, object, str], str]  # (message, listener, host name) -> the reply


def listen(fanout: Fanout, socket: WebSocket, environ: Environ, on_message: OnMessage | None = None) -> Iterable[bytes]:
    """Send the messages of `fanout` to a socket; reply to what it sends with `on_message`, or ignore it."""
    host = request_host(environ)
    listener = fanout.add(socket, host)
    try:
        while (message := socket.receive()) is not None:
            if on_message is not None:
                with fanout.hold(listener):
                    socket.send(on_message(message, listener, host))
    finally:
        fanout.remove(listener)
    return []
