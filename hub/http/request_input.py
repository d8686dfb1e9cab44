"""What an application reads of a request: a body that is still to come, or what has arrived together with its head."""

from __future__ import annotations

import io
from collections.abc import Callable

from hub.http.options import ServerOptions
from hub.http.request_body import RequestBody
from hub.http.request_head import RequestHead
from hub.net.connection_input import UNCOUNTED_BYTES, ConnectionInput
from hub.net.http_error import over_budget
from hub.runtime.budget import OverBudget

BUFFER_BYTES = 64 * 1024


def body_to_come(
    received: ConnectionInput, head: RequestHead, options: ServerOptions, send_continue: Callable[[], None]
) -> RequestBody | None:
    """The body of a request, if not all of it has arrived; `send_continue` is called before it is read, if asked for.

    One that is too large is to come as well: it is refused before it is read.
    """
    if not head.chunked and (head.content_length or 0) <= min(len(received.buffer), options.max_body_bytes):
        return None
    return RequestBody(
        received,
        None if head.chunked else head.content_length,
        options.max_body_bytes,
        options.body_stall_seconds,
        options.body_seconds,
        send_continue if head.expects_continue else None,
    )


def wsgi_input(received: ConnectionInput, head: RequestHead, body: RequestBody | None) -> io.BufferedIOBase:
    """`wsgi.input` of a request. What has arrived beyond it is counted. Raises `HttpError` where there is no room."""
    found: io.BufferedIOBase
    if body:
        found = io.BufferedReader(body, BUFFER_BYTES)
    else:
        found = io.BytesIO(_taken(received.buffer, head.content_length or 0))
    if received.counted or len(received.buffer) > UNCOUNTED_BYTES:
        try:
            received.count_buffer()
        except OverBudget as error:
            raise over_budget() from error
    return found


def _taken(buffer: bytearray, length: int) -> bytes:
    """The first `length` bytes, which are taken out."""
    if length == len(buffer):
        taken = bytes(buffer)
        buffer.clear()
    else:
        taken = bytes(buffer[:length])
        del buffer[:length]
    return taken
