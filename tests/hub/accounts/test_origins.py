"""Which requests with a session are refused since another page may have sent them."""

from __future__ import annotations

import pytest

from hub.access.origins import SESSION_COOKIE, OriginCheck

CHECK = OriginCheck(["https://Game.example/"], lambda: {5000, 8765})
COOKIE = f"other=1; {SESSION_COOKIE}=abc"


def environ(method: str = "POST", cookie: str = COOKIE, **headers: str) -> dict[str, object]:
    return {
        "REQUEST_METHOD": method,
        "HTTP_HOST": "gate.example:5000",
        "HTTP_COOKIE": cookie,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://gate.example:5000"},
        {"origin": "HTTP://GATE.example:5000"},
        {"origin": "https://gate.example:5000"},  # a proxy or the hub itself ends TLS
        {"origin": "http://gate.example:8765"},  # another port of this hub
        {"origin": "https://game.example"},
        {"referer": "http://gate.example:5000/accounts?x=1"},
        {"origin": "", "referer": "https://game.example/play"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_of_the_hub_and_allowed_origins_may_change_things(method: str, headers: dict[str, str]) -> None:
    assert CHECK.csrf_refusal(environ(method, **headers)) is None


FOREIGN = [
    {},
    {"origin": "null"},
    {"origin": "http://evil.example"},
    {"origin": "http://gate.example.evil.example:5000"},
    {"origin": "http://evil.example:5000"},
    {"origin": "http://gate.example:9999"},  # another program on the same machine
    {"origin": "http://gate.example"},
    {"origin": "file://"},
    {"origin": "http://[::1"},
    {"origin": "http://gate.example:99999"},
    {"origin": "http://evil.example", "referer": "http://gate.example:5000/"},
    {"referer": "http://evil.example/http://gate.example:5000/"},
    {"referer": "//gate.example:5000"},
    {"origin": "javascript://gate.example:5000"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_pages_and_requests_without_a_page_may_not(method: str, headers: dict[str, str]) -> None:
    refusal = CHECK.csrf_refusal(environ(method, **headers))
    assert refusal is not None and refusal.endswith(".")


@pytest.mark.parametrize("headers", FOREIGN)
def test_reading_is_not_refused_but_a_websocket_is(headers: dict[str, str]) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert CHECK.csrf_refusal(environ(method, **headers)) is None
    assert CHECK.csrf_refusal(environ("GET", upgrade="WebSocket", **headers)) is not None


def test_a_websocket_of_the_hubs_own_page_is_served() -> None:
    assert CHECK.csrf_refusal(environ("GET", upgrade="websocket", origin="http://gate.example:5000")) is None


@pytest.mark.parametrize("cookie", ["", "other=1", f"x{SESSION_COOKIE[1:]}=abc"])
def test_without_a_session_nothing_is_refused_here(cookie: str) -> None:
    assert CHECK.csrf_refusal(environ(cookie=cookie, origin="http://evil.example")) is None


def test_addresses_of_ipv6_are_compared_without_their_brackets() -> None:
    at = {"HTTP_HOST": "[::1]:5000", "HTTP_COOKIE": COOKIE, "REQUEST_METHOD": "POST"}
    assert CHECK.csrf_refusal({**at, "HTTP_ORIGIN": "http://[::1]:8765"}) is None
    assert CHECK.csrf_refusal({**at, "HTTP_ORIGIN": "http://[::2]:8765"}) is not None


def test_a_page_of_others_may_not_log_a_browser_in_but_a_program_may() -> None:
    assert CHECK.login_refusal(environ(cookie="")) is None
    assert CHECK.login_refusal(environ(cookie="", origin="http://gate.example:5000")) is None
    for origin in ("null", "http://evil.example"):
        assert CHECK.login_refusal(environ(cookie="", origin=origin)) is not None
