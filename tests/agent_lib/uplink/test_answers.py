"""Single deliveries: what each answer over REST and a raw WebSocket means."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from agent_lib.uplink.answer import Answer, Backoff, Delivered, Later, Refused, read_answer, seconds
from agent_lib.uplink.rest import RestUplink
from agent_lib.uplink.websocket import WebSocketUplink
from tests.support.agent import entry
from tests.support.helpers import free_ports
from tests.support.uplink import Peer, rest_server, websocket_server

# REST, answer by answer


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((200, {}, b'{"success": true, "id": "1"}'), Delivered()),
        ((201, {}, b'{"success": true, "id": "1", "duplicate": true}'), Delivered(duplicate=True)),
        (
            (400, {}, b'{"success": false, "message": "No tag", "errors": ["tag is missing"]}'),
            Refused("HTTP 400: No tag; tag is missing"),
        ),
        ((413, {}, b"<html>too large</html>"), Refused("HTTP 413: Request Entity Too Large")),
        ((415, {}, b""), Refused("HTTP 415: Unsupported Media Type")),
        ((422, {}, b'{"success": false, "message": "No"}'), Refused("HTTP 422: No")),
        ((200, {}, b'{"success": false, "message": "No"}'), Refused("No")),
        ((200, {}, b'{"success": false, "message": "Busy", "retry_after": 3}'), Later("Busy", 3.0, answered=True)),
        ((200, {}, b"<html>Log in</html>"), Later("HTTP 200: the answer is not a hub's; check the hub's address")),
        ((401, {}, b""), Later("HTTP 401: Unauthorized", let_in=False)),
        (
            (403, {}, b'{"success": false, "message": "Only this machine"}'),
            Later("HTTP 403: Only this machine", let_in=False),
        ),
        ((404, {}, b""), Later("HTTP 404: Not Found")),
        ((302, {"Location": "/login"}, b""), Later("HTTP 302: Found")),
        ((429, {"Retry-After": "7"}, b"{}"), Later("HTTP 429: Too Many Requests", 7.0)),
        (
            (
                503,
                {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
                b'{"success": false, "message": "Full", "retry_after": 2}',
            ),
            Later("HTTP 503: Full", 2.0),
        ),
        ((500, {}, b""), Later("HTTP 500: Internal Server Error", answered=True)),
        ((502, {}, b""), Later("HTTP 502: Bad Gateway")),
    ],
)
def test_rest_answers(said: tuple[int, dict[str, str], bytes], expected: Answer) -> None:
    with rest_server(lambda sent: said) as url:
        rest = RestUplink(url, 5)
        assert rest.send(entry()) == expected
        rest.close()


def test_rest_that_hangs_up_or_is_silent_or_not_there() -> None:
    silent = threading.Event()

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if sent["tag"] == "SILENT":
            silent.wait(10)
        return 0, {}, b""

    with rest_server(answer) as url:
        rest = RestUplink(url, 0.3)
        assert rest.send(entry(tag="GONE")) == Later(f"{url}: connection closed without an answer")
        assert rest.send(entry(tag="SILENT")) == Later(f"{url}: no answer in time")
        silent.set()
        rest.close()
    rest = RestUplink(f"http://127.0.0.1:{free_ports(1)[0]}", 1)
    assert isinstance(rest.send(entry()), Later) and "connection refused" in rest.send(entry()).reason
    rest.close()


# Raw WebSocket: a server of somebody's own


def deliver(on_message: Any, seconds_: float = 5.0, **more: Any) -> Answer:
    with websocket_server(on_message) as url:
        return WebSocketUplink(url, seconds_).send(entry(**more))


def test_a_foreign_server_gets_one_json_text_with_links_and_pictures() -> None:
    got: list[dict[str, Any]] = []

    def echo(peer: Peer, message: dict[str, Any]) -> None:
        got.append(message)
        peer.say("Received")

    assert deliver(echo, tag="E2C001") == Delivered()
    assert (
        got[0]["tag"] == "E2C001"
        and got[0]["primary_image_url"] == "http://127.0.0.1:3000/images/E2C001_primary_1769581721123.jpg"
    )
    assert got[0]["primary_image"].startswith("/9j/")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("ok", Delivered()),
        ("", Delivered()),
        ('{"status": "received"}', Delivered()),
        ("[1]", Delivered()),
        ('{"success": true, "id": "1"}', Delivered()),
        ('{"success": false, "message": "No"}', Refused("No")),
        ('{"success": false, "message": "Busy", "retry_after": 1}', Later("Busy", 1.0, answered=True)),
    ],
)
def test_replies_of_a_server(reply: str, expected: Answer) -> None:
    assert deliver(lambda peer, message: (peer.ping(), peer.say(reply))) == expected


def test_an_echo_of_a_failed_capture_is_a_confirmation() -> None:
    assert deliver(lambda peer, message: peer.say(json.dumps(message)), success=False, number="") == Delivered()


def test_another_stations_result_heard_first_is_no_reply() -> None:
    def busy(peer: Peer, message: dict[str, Any]) -> None:
        peer.say(json.dumps({**message, "event_id": "another", "success": False}))
        peer.say(json.dumps({"success": False, "message": "No", "event_id": message["event_id"]}))

    assert deliver(busy) == Refused("No")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1000, Delivered()),
        (1001, Later("the WebSocket server closed with 1001 bye")),
        (1009, Refused("the WebSocket server closed with 1009 bye")),
        (1011, Later("the WebSocket server closed with 1011 bye")),
    ],
)
def test_a_close_without_a_reply(code: int, expected: Answer) -> None:
    assert deliver(lambda peer, message: peer.close(code, "bye")) == expected


def test_a_cut_connection_is_no_confirmation() -> None:
    answer = deliver(lambda peer, message: peer.cut())
    assert isinstance(answer, Later) and "broke" in answer.reason


def test_a_silent_server_has_it_when_it_joins_in_the_close() -> None:
    assert deliver(lambda peer, message: None, 0.2) == Delivered()


def test_a_server_that_answers_and_then_falls_silent_is_asked_again() -> None:
    times: list[str] = []

    def once(peer: Peer, message: dict[str, Any]) -> None:
        times.append(message["tag"])
        if len(times) == 1:
            peer.say("ok")

    with websocket_server(once) as url:
        way = WebSocketUplink(url, 0.2)
        assert way.send(entry()) == Delivered() and isinstance(way.send(entry()), Later)


def test_nobody_at_the_websocket_address() -> None:
    answer = WebSocketUplink(f"ws://127.0.0.1:{free_ports(1)[0]}", 1).send(entry())
    assert isinstance(answer, Later) and answer.retry_after is None


# Small parts


def test_answers_that_are_none() -> None:
    for body in (None, [], "ok", {}, {"success": "yes"}):
        assert read_answer(body) is None


def test_a_reason_is_one_line_of_bounded_length() -> None:
    answer = read_answer({"success": False, "message": "a\nb", "errors": ["x" * 9999, {"loc": 1}]})
    assert isinstance(answer, Refused) and answer.reason.startswith("a b; xxx") and len(answer.reason) == 500


def test_retry_after_within_reason() -> None:
    assert [seconds(value) for value in ("2", -1, 10**9, "nan", "soon", None)] == [2.0, 0.0, 300.0, None, None, None]


def test_backoff_grows_to_its_longest_with_jitter() -> None:
    backoff = Backoff(0.5, 30)
    waits = [backoff.take() for _ in range(12)]
    assert 0.375 <= waits[0] <= 0.625 and waits[1] > waits[0] * 0.9 and all(22.5 <= wait <= 37.5 for wait in waits[9:])
    assert len(set(waits[9:])) == 3
    backoff.reset()
    assert backoff.take() <= 0.625
