"""Read and answer requests without Flask: used by the gate, the fast routes and the raw WebSockets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from hub.contract.errors import ContractError
from hub.contract.json_text import encode

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
FastHandler = Callable[[Environ, StartResponse], Iterable[bytes] | None]

CUT = "The body ended before its announced length; send the request again."
FAILED = "The hub failed at this request; the reason is in its log. Please report it."


def announced_length(environ: Environ) -> int | None:
    """Content-Length as a number; None where the sender gives none."""
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def read_exactly(environ: Environ, length: int) -> bytes:
    """A body of a known length. Raises ContractError (400) when it ends early."""
    try:
        body: bytes = environ["wsgi.input"].read(length)
    except OSError as error:
        raise ContractError(CUT) from error
    if len(body) < length:
        raise ContractError(CUT)
    return body


class JsonHeaders(list[tuple[str, str]]):
    """The headers of a JSON answer of `length` bytes that has no others; the hub's server has them encoded already."""

    def __init__(self, length: int) -> None:
        super().__init__((("Content-Type", "application/json"), ("Content-Length", str(length))))
        self.length = length


@cache
def status_line(status: int) -> str:
    """The status with its reason phrase, as in `400 Bad Request`."""
    return f"{status} {HTTPStatus(status).phrase}"


def respond(
    start_response: StartResponse,
    status: int,
    body: dict[str, Any],
    retry_after: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    """A JSON answer."""
    text = encode(body)
    sent: list[tuple[str, str]] = JsonHeaders(len(text))
    if headers or retry_after is not None:
        sent = [*sent, *headers]
    if retry_after is not None:
        sent.append(("Retry-After", str(retry_after)))
    start_response(status_line(status), sent)
    return [text]
