"""Request heads read from a connection, with timeouts and a size limit."""

from __future__ import annotations

from time import monotonic, time

from hub.http.options import ServerOptions
from hub.http.request_head import TLS_HANDSHAKE, end_of_head
from hub.net.connection_input import ConnectionInput
from hub.net.http_error import HttpError, over_budget
from hub.runtime.budget import OverBudget

EMPTY_LINES = b"\r\n"


class HeadReader:
    """Reads the heads of one connection's requests.

    `idle` is true between two requests, before the first byte of the next one; `began` is when the current request
    began (epoch seconds).
    """

    def __init__(self, connection: ConnectionInput, options: ServerOptions) -> None:
        self.idle = True
        self.began = 0.0
        self._input = connection
        self._options = options
        self._first = True

    def read(self) -> bytes | None:
        """Read the next head; None when the connection ends before one begins.

        Raises `HttpError` for a head that is too long, too slow or incomplete, and `PeerDisconnected`.
        """
        source, options = self._input, self._options
        self.idle = True
        try:
            while not source.buffer or (source.buffer[0] in EMPTY_LINES and not source.buffer.lstrip(b"\r\n")):
                source.buffer.clear()
                if not source.fill(options.head_seconds if self._first else options.keep_alive_seconds):
                    return None
        except TimeoutError:
            return None  # idle timeout: nothing was requested, so nothing is answered
        self.idle = self._first = False
        self.began = time()
        if source.buffer[0] in EMPTY_LINES:
            self._skip_empty_lines()
        if source.buffer[0] == TLS_HANDSHAKE:
            raise HttpError(400, "This port speaks plain HTTP; use http:// or ws:// in the address.")
        deadline = monotonic() + options.head_seconds
        searched = 0
        while (end := end_of_head(source.buffer, max(searched - 3, 0))) < 0:
            searched = len(source.buffer)
            if searched > options.max_head_bytes:
                break
            try:
                if not source.fill(deadline - monotonic()):
                    raise HttpError(400, "The request ended in the middle of its headers.")
                source.count_buffer()
            except TimeoutError as error:
                message = f"The headers of the request did not come within {options.head_seconds:g} s."
                raise HttpError(408, message) from error
            except OverBudget as error:
                raise over_budget() from error
        if end < 0 or end > options.max_head_bytes:
            raise HttpError(431, f"The headers of the request are longer than {options.max_head_bytes} bytes.")
        head = bytes(source.buffer[:end])
        del source.buffer[:end]
        return head

    def _skip_empty_lines(self) -> None:
        buffer = self._input.buffer
        del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
