"""A relay that is asked by an HTTP request. It ends its pulse by itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from hub.barriers.relay import RelayError
from hub.barriers.template import escape_of, fill, in_header, in_url
from hub.net.outgoing_http import reason_of
from hub.settings.barriers import Barrier

MAX_ANSWER = 4096  # bytes that are read
NOT_SENT = (ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError, LocationParseError)


class HttpRelay:
    """Sends one request for each pulse; follows no redirect. `pool` and `password` read files, on a native thread."""

    ends_pulse = False

    def __init__(self, barrier: Barrier, pool: Callable[[], urllib3.PoolManager], password: Callable[[], str]) -> None:
        self._barrier, self._make_pool, self._password = barrier, pool, password
        self._pool: urllib3.PoolManager | None = None
        self.target = urlsplit(barrier.url).netloc  # a path may be a secret, and is not shown

    def open(self, values: Mapping[str, str]) -> None:
        """Send the request. Raises RelayError."""
        try:
            if self._pool is None:
                self._pool = self._make_pool()
            headers = self._headers(values)
        except OSError as error:
            raise RelayError(f"its request cannot be made ({error.strerror or error})") from error
        body = fill(self._barrier.body, values, escape_of(self._barrier.body, headers.get("content-type", "")))
        try:
            status = self._send(fill(self._barrier.url, values, in_url), body.encode(), headers)
        except (HTTPError, OSError, ValueError) as error:
            raise RelayError(
                reason_of(error, self._barrier.timeout_seconds), sent=not isinstance(error, NOT_SENT)
            ) from error
        if not 200 <= status < 300:
            more = "; write the address where it is now into url" if 300 <= status < 400 else ""
            raise RelayError(f"it answers {status}{more}", sent=True)

    def release(self, values: Mapping[str, str]) -> None:
        """Nothing: the relay does so."""

    def _headers(self, values: Mapping[str, str]) -> dict[str, str]:
        """By name in small letters. Raises OSError where the password cannot be read."""
        made = {"user-agent": "Gatehouse", "connection": "close", "accept-encoding": "identity"}
        if self._barrier.username:
            login = f"{self._barrier.username}:{self._password()}".encode()
            made["authorization"] = f"Basic {b64encode(login).decode()}"
        for line in self._barrier.headers:
            name, _, value = line.partition(": ")
            made[name.lower()] = fill(value, values, in_header)
        return made

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer. Raises HTTPError, OSError, ValueError."""
        assert self._pool is not None
        response = self._pool.request(
            self._barrier.method,
            url,
            body=body or None,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=self._barrier.timeout_seconds,
        )
        try:
            if 200 <= response.status < 300:
                response.read(MAX_ANSWER)
            return response.status
        finally:
            response.close()
