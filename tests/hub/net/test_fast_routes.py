"""Requests in front of Flask: which of them a handler answers, and which pass through."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hub.net.fast_routes import FastRoutes
from hub.net.http_error import HttpError, error_response
from hub.net.wsgi import Environ, StartResponse, announced_length


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return [b"application"]


def handler(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    return [b"handler"] if environ["REQUEST_METHOD"] == "POST" else None


@pytest.mark.parametrize(
    ("enabled", "method", "path", "answered"),
    [
        (True, "POST", "/records", b"handler"),
        (True, "GET", "/records", b"application"),
        (True, "POST", "/other", b"application"),
        (False, "POST", "/records", b"application"),
    ],
)
def test_a_handler_answers_its_path(enabled: bool, method: str, path: str, answered: bytes) -> None:
    routes = FastRoutes(application, enabled)
    routes.add("/records", handler)
    assert routes({"REQUEST_METHOD": method, "PATH_INFO": path}, lambda *args: None) == [answered]


@pytest.mark.parametrize(
    ("text", "length"), [("12", 12), ("0", 0), ("", None), (None, None), ("-1", None), ("²", None)]
)
def test_the_announced_length_is_a_plain_number(text: str | None, length: int | None) -> None:
    assert announced_length({"CONTENT_LENGTH": text}) == length


def test_an_error_response_is_the_one_error_body() -> None:
    error = HttpError(503, "Try again.", (("Retry-After", "2"),))
    head, _, body = error_response(error).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n") and b"\r\nRetry-After: 2" in head
    assert body == b'{"success":false,"message":"Try again.","errors":["Try again."]}'
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head
    assert error_response(error, with_body=False).endswith(b"\r\n\r\n")
