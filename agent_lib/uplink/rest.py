"""Results over REST: one multipart POST each."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from agent_lib.outbox import Entry
from agent_lib.uplink.answer import NOT_LET_IN, REFUSED_FOR_GOOD, Answer, Later, Refused, describe, read_answer, seconds
from agent_lib.uplink.tls import hub_session, tls_problem

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_ABOUT_THE_HUB = frozenset(
    {
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""Failures of a proxy, or of a hub that is overloaded or cannot store; other 5xx are about the result."""


class RestUplink:
    """One HTTP connection to a hub, used by one thread at a time. Proxies of the environment are ignored."""

    def __init__(
        self, base: str, answer_seconds: float, headers: Mapping[str, str] | None = None, ca: str = ""
    ) -> None:
        """`headers`: what lets the agent in at the hub. `ca`: file of the authority of the hub's certificate."""
        self._base, self._ca = base, ca
        self._timeout = (min(_CONNECT_SECONDS, answer_seconds), answer_seconds)
        self._session = hub_session(base, ca, headers)

    def send(self, entry: Entry) -> Answer:
        """Deliver one result and wait for the answer."""
        parts: list[tuple[str, tuple[str | None, Any, str]]] = [
            ("result", (None, json.dumps(entry.fields), "application/json"))
        ]
        parts += [(role, (f"{role}.jpg", data, "image/jpeg")) for role, data in entry.pictures.items()]
        try:
            response = self._session.post(
                f"{self._base}/api/captures", files=parts, timeout=self._timeout, allow_redirects=False
            )
        except OSError as error:
            return Later(f"{self._base}: {short_reason(error, self._ca)}")
        return interpret(response)

    def send_status(self, status: dict[str, Any]) -> bool:
        """Send a station status; whether the hub accepted it."""
        try:
            response = self._session.post(
                f"{self._base}/api/stations/status", json=status, timeout=self._timeout, allow_redirects=False
            )
        except OSError as error:
            log.debug("The station's status was not sent: %s", short_reason(error, self._ca))
            return False
        return response.ok

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def interpret(response: requests.Response) -> Answer:
    """The outcome that an HTTP response means."""
    try:
        body = response.json()
    except ValueError:
        body = None
    said = describe(body) if isinstance(body, dict) and body.get("message") else response.reason or "no reason given"
    status = response.status_code
    if status in REFUSED_FOR_GOOD:
        return Refused(f"HTTP {status}: {said}")
    if status in (200, 201):
        return read_answer(body) or Later(f"HTTP {status}: the answer is not a hub's; check the hub's address")
    wait = seconds(response.headers.get("Retry-After"))
    if wait is None and isinstance(body, dict):
        wait = seconds(body.get("retry_after"))
    if status in NOT_LET_IN:
        return Later(f"HTTP {status}: {said}", wait, let_in=False)
    return Later(f"HTTP {status}: {said}", wait, answered=status >= 500 and status not in _ABOUT_THE_HUB)


def short_reason(error: Exception, ca: str = "") -> str:
    """Why a connection failed, as text for operators. `error`: of requests, or OSError for an unusable `ca`."""
    problem = tls_problem(error, ca)
    if problem:
        return problem
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
        return "no answer in time"
    text = str(error)
    for sign, words in (
        ("refused", "connection refused"),
        ("actively", "connection refused"),
        ("resolve", "no such host name"),
        ("getaddrinfo", "no such host name"),
        ("nreachable", "network unreachable"),
        ("timed out", "no answer in time"),
        ("RemoteDisconnected", "connection closed without an answer"),
        ("reset", "connection reset"),
    ):
        if sign in text:
            return words
    return type(error).__name__
