"""Bringing results to a hub: over Socket.IO, REST and raw WebSocket, whatever the other side does."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from agent_support import fields, result
from devices_support import jpeg
from helpers import HubProcess, free_ports, wait_for
from uplink_support import Peer, proxy, rest_server, websocket_server

from agent_lib.health import Supervisor
from agent_lib.outbox import Entry, Outbox
from agent_lib.settings import HubSettings
from agent_lib.uplink import Uplink
from agent_lib.uplink_answer import Answer, Backoff, Delivered, Later, Refused, read_answer, seconds
from agent_lib.uplink_rest import RestUplink
from agent_lib.uplink_ws import WebSocketUplink

OK = (200, {"Content-Type": "application/json"}, b'{"success": true, "id": "1"}')
STATUS = {"station": "gate", "kind": "weighbridge", "simulated": False, "state": "waiting", "message": "Waiting for a tag.",
          "reader": {"state": "connected", "address": "a", "message": "", "last_tag_ts": None, "error": ""}, "cameras": [], "captures": 0,
          "outbox": {"waiting": 0, "shelved": 0, "shelf": []}, "uplink": "socketio"}


@contextmanager
def sending(tmp_path: Path, url: str = "", statuses: Any = list, **settings: Any) -> Iterator[tuple[Outbox, Uplink]]:
    """An outbox and an uplink that sends what is put there."""
    box = Outbox(tmp_path / "agent", 10**9, 100)
    values = {"url": url, "retry_seconds": 0.05, "retry_max_seconds": 0.3, "answer_seconds": 10, **settings}
    uplink, supervisor = Uplink(HubSettings(**values), box, statuses), Supervisor()
    uplink.start(supervisor)
    try:
        yield box, uplink
    finally:
        uplink.stop()
        alive = supervisor.stop(10)
        restarts = {name: state["error"] for name, state in supervisor.status().items() if state["restarts"]}
        uplink.close()
        box.close()
        assert alive == [] and restarts == {}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()


def put(box: Outbox, tag: str, **more: Any) -> str:
    one = result(tag, **more)
    assert box.put(one, fields(one))
    return one.event_id


def captures(hub: HubProcess, **query: Any) -> list[dict[str, Any]]:
    return hub.get("/api/captures", limit=1000, **query)["captures"]


def entry(**more: Any) -> Entry:
    one = result(**more)
    return Entry(1, fields(one), one.pictures)


# A real hub


def test_socketio_brings_fields_and_pictures(hub: HubProcess, tmp_path: Path) -> None:
    with sending(tmp_path, hub.url) as (box, uplink):
        event_id = put(box, "E2AA01", errors=["Secondary frame not available"], tags=["E2AA01", "E2AA02"])
        wait_for(lambda: box.empty)
        assert uplink.way == "socketio"
    row = captures(hub, tag="E2AA01")[0]
    sent = fields(result("E2AA01"))
    assert row["event_id"] == event_id and row["station"] == "gate" and row["tags"] == ["E2AA01", "E2AA02"]
    for key in ("tag_source", "started_ts", "finished_ts", "success", "number", "raw_text", "message", "attempts", "timestamp"):
        assert row[key] == sent[key]
    for number, role in enumerate(("primary", "secondary", "label"), 1):
        assert requests.get(f"{hub.url}/images/E2AA01_{role}_1769581721123.jpg", timeout=5).content == jpeg(number)


def test_the_same_result_again_is_a_duplicate_over_every_way(hub: HubProcess, tmp_path: Path) -> None:
    one = result("E2AB01")
    with sending(tmp_path, hub.url) as (box, uplink):
        box.put(one, fields(one))
        wait_for(lambda: box.empty)
        box.put(one, fields(one))
        wait_for(lambda: box.empty)
        assert uplink.delivered == 2
    rest = RestUplink(hub.url, 5)
    assert rest.send(Entry(1, fields(one), one.pictures)) == Delivered(duplicate=True)
    rest.close()
    assert WebSocketUplink(f"ws://127.0.0.1:{hub.side['results']}", 5).send(Entry(1, fields(one), one.pictures)) == Delivered(duplicate=True)
    assert len(captures(hub, tag="E2AB01")) == 1


def test_rest_and_raw_websocket_bring_the_same(hub: HubProcess) -> None:
    rest = RestUplink(hub.url, 5)
    assert rest.send(entry(tag="E2AC01")) == Delivered()
    rest.close()
    assert WebSocketUplink(f"ws://127.0.0.1:{hub.side['results']}", 5).send(entry(tag="E2AC02")) == Delivered()
    one, other = captures(hub, tag="E2AC01")[0], captures(hub, tag="E2AC02")[0]
    different = {"id", "event_id", "received_at", "tag", "tags", "primary_image_url", "secondary_image_url", "label_image_url"}
    assert {key: one[key] for key in one if key not in different} == {key: other[key] for key in other if key not in different}
    for row in (one, other):
        assert requests.get(row["label_image_url"], timeout=5).content == jpeg(3)


@pytest.mark.parametrize("raw", [False, True], ids=["socketio", "websocket"])
def test_what_the_hub_refuses_for_good_goes_to_the_shelf(hub: HubProcess, tmp_path: Path, raw: bool) -> None:
    to = {"websocket_url": f"ws://127.0.0.1:{hub.side['results']}"} if raw else {"url": hub.url}
    long, good = f"E2AD{'0' * 9000}", f"E2AD0{raw:d}"
    with sending(tmp_path, **to) as (box, uplink):
        put(box, long)
        put(box, good)
        wait_for(lambda: uplink.delivered and box.empty)
        shelf = box.counts()["shelf"]
    assert [row["tag"] for row in shelf] == [long] and "characters" in shelf[0]["reason"]
    assert len(captures(hub, tag=good)) == 1


def test_station_status_reaches_the_hub_and_changes_at_once(hub: HubProcess, tmp_path: Path) -> None:
    state = {**STATUS, "station": "status-gate"}

    def heard() -> dict[str, Any]:
        return next((row for row in hub.get("/api/stations")["stations"] if row["station"] == "status-gate"), {})

    with sending(tmp_path, hub.url, lambda: [dict(state)], status_seconds=300):
        wait_for(lambda: heard().get("state") == "waiting")
        state.update(state="problem", message="The reader is away.")
        wait_for(lambda: heard().get("message") == "The reader is away.")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in another way")
def test_a_hub_killed_again_and_again_has_every_result_once(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub").start()
    ids: list[str] = []
    try:
        with sending(tmp_path, hub.url, answer_seconds=5) as (box, uplink):
            for round_ in range(3):
                done = uplink.delivered
                ids += [put(box, f"E2AE{round_}{number:02d}") for number in range(12)]
                wait_for(lambda done=done: uplink.delivered >= done + 3)
                hub.kill()
                ids += [put(box, f"E2AF{round_}{number:02d}") for number in range(4)]
                hub.start()
            wait_for(lambda: box.empty, 60)
            wait_for(lambda: uplink.way == "socketio")
        rows = captures(hub)
        assert [row["event_id"] for row in reversed(rows)] == ids, "each once, in their order"
        assert all(requests.get(row["secondary_image_url"], timeout=5).content == jpeg(2) for row in rows)
    finally:
        hub.kill()


def test_results_wait_for_a_hub_that_comes_later(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub")
    try:
        with sending(tmp_path, hub.url) as (box, uplink):
            put(box, "E2B001")
            wait_for(lambda: "refused" in uplink.reason)
            assert uplink.way == "down" and box.counts()["waiting"] == 1
            hub.start()
            wait_for(lambda: box.empty, 30)
    finally:
        hub.kill()


def test_rest_while_socketio_is_not_there_and_back_again(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "hub")
    taken: list[str] = []

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        taken.append(sent["tag"])
        return OK

    try:
        with sending(tmp_path, hub.url) as (box, uplink):
            with rest_server(answer, hub.port):
                put(box, "E2B101")
                wait_for(lambda: box.empty)
                assert taken == ["E2B101"] and uplink.way == "rest"
            hub.start()
            wait_for(lambda: uplink.way == "socketio", 30)
            put(box, "E2B102")
            wait_for(lambda: box.empty)
        assert [row["tag"] for row in captures(hub)] == ["E2B102"]
    finally:
        hub.kill()


@pytest.mark.parametrize(("refused", "way"), [(b"Upgrade: websocket", "socketio"), (b"/socket.io/", "rest")], ids=["no websockets", "no socket.io"])
def test_a_proxy_that_lets_only_some_through(hub: HubProcess, tmp_path: Path, refused: bytes, way: str) -> None:
    def allow(head: bytes) -> bytes | None:
        return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" if refused.lower() in head.lower() else None

    tag = f"E2B2{len(refused):02d}"
    with proxy(hub.port, allow) as url, sending(tmp_path, url) as (box, uplink):
        put(box, tag)
        wait_for(lambda: box.empty)
        assert uplink.way == way
    assert len(captures(hub, tag=tag)) == 1


def test_a_proxy_that_swallows_socketio_is_gone_around(hub: HubProcess, tmp_path: Path) -> None:
    with proxy(hub.port, lambda head: b"" if b"/socket.io/" in head else None) as url, sending(tmp_path, url, answer_seconds=1) as (box, uplink):
        put(box, "E2B301")
        wait_for(lambda: box.empty)
        assert uplink.way == "rest"


def test_proxies_of_the_environment_are_not_used(hub: HubProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = f"http://127.0.0.1:{free_ports(1)[0]}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, dead)
    monkeypatch.setenv("no_proxy", "")
    with sending(tmp_path, hub.url) as (box, uplink):
        put(box, "E2B401")
        wait_for(lambda: box.empty)
        assert uplink.way == "socketio"


# REST, answer by answer


@pytest.mark.parametrize(("said", "expected"), [
    ((200, {}, b'{"success": true, "id": "1"}'), Delivered()),
    ((201, {}, b'{"success": true, "id": "1", "duplicate": true}'), Delivered(duplicate=True)),
    ((400, {}, b'{"success": false, "message": "No tag", "errors": ["tag is missing"]}'), Refused("HTTP 400: No tag; tag is missing")),
    ((413, {}, b"<html>too large</html>"), Refused("HTTP 413: Request Entity Too Large")),
    ((415, {}, b""), Refused("HTTP 415: Unsupported Media Type")),
    ((422, {}, b'{"success": false, "message": "No"}'), Refused("HTTP 422: No")),
    ((200, {}, b'{"success": false, "message": "No"}'), Refused("No")),
    ((200, {}, b'{"success": false, "message": "Busy", "retry_after": 3}'), Later("Busy", 3.0, answered=True)),
    ((200, {}, b"<html>Log in</html>"), Later("HTTP 200: the answer is not a hub's; check the hub's address")),
    ((401, {}, b""), Later("HTTP 401: Unauthorized")),
    ((403, {}, b'{"success": false, "message": "Only this machine"}'), Later("HTTP 403: Only this machine")),
    ((404, {}, b""), Later("HTTP 404: Not Found")),
    ((302, {"Location": "/login"}, b""), Later("HTTP 302: Found")),
    ((429, {"Retry-After": "7"}, b"{}"), Later("HTTP 429: Too Many Requests", 7.0)),
    ((503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b'{"success": false, "message": "Full", "retry_after": 2}'), Later("HTTP 503: Full", 2.0)),
    ((500, {}, b""), Later("HTTP 500: Internal Server Error", answered=True)),
    ((502, {}, b""), Later("HTTP 502: Bad Gateway")),
])
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


def test_a_result_at_which_the_hub_fails_lets_others_by(tmp_path: Path) -> None:
    taken: list[str] = []

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        taken.append(sent["tag"])
        return (500, {}, b"") if sent["tag"] == "BAD" and "GOOD2" not in taken else OK

    with rest_server(answer) as url, sending(tmp_path, url, retry_seconds=0.02) as (box, _):
        for tag in ("BAD", "GOOD1", "GOOD2"):
            put(box, tag)
        wait_for(lambda: box.empty)
        assert box.counts()["shelved"] == 0
    assert taken == ["BAD", "BAD", "BAD", "GOOD1", "GOOD2", "BAD"]


def test_every_try_has_the_same_event_id_and_order_is_kept(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        seen.append((sent["tag"], sent["event_id"]))
        return (503, {}, b"") if len(seen) < 4 else OK

    with rest_server(answer) as url, sending(tmp_path, url) as (box, _):
        ids = [put(box, "A"), put(box, "B")]
        wait_for(lambda: box.empty)
    assert seen == [("A", ids[0])] * 4 + [("B", ids[1])]


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
    assert got[0]["tag"] == "E2C001" and got[0]["primary_image_url"] == "http://127.0.0.1:3000/images/E2C001_primary_1769581721123.jpg"
    assert got[0]["primary_image"].startswith("/9j/")


@pytest.mark.parametrize(("reply", "expected"), [
    ("ok", Delivered()), ("", Delivered()), ('{"status": "received"}', Delivered()), ("[1]", Delivered()),
    ('{"success": true, "id": "1"}', Delivered()),
    ('{"success": false, "message": "No"}', Refused("No")),
    ('{"success": false, "message": "Busy", "retry_after": 1}', Later("Busy", 1.0, answered=True)),
])
def test_replies_of_a_server(reply: str, expected: Answer) -> None:
    assert deliver(lambda peer, message: (peer.ping(), peer.say(reply))) == expected


def test_an_echo_of_a_failed_capture_is_a_confirmation() -> None:
    assert deliver(lambda peer, message: peer.say(json.dumps(message)), success=False, number="") == Delivered()


def test_another_stations_result_heard_first_is_no_reply() -> None:
    def busy(peer: Peer, message: dict[str, Any]) -> None:
        peer.say(json.dumps({**message, "event_id": "another", "success": False}))
        peer.say(json.dumps({"success": False, "message": "No", "event_id": message["event_id"]}))

    assert deliver(busy) == Refused("No")


@pytest.mark.parametrize(("code", "expected"), [(1000, Delivered()), (1001, Later("the WebSocket server closed with 1001 bye")), (1009, Refused("the WebSocket server closed with 1009 bye")),
                                                (1011, Later("the WebSocket server closed with 1011 bye"))])
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


def test_the_raw_way_delivers_what_waits(tmp_path: Path) -> None:
    got: list[str] = []

    def echo(peer: Peer, message: dict[str, Any]) -> None:
        got.append(message["tag"])
        peer.say("ok")

    with websocket_server(echo) as url, sending(tmp_path, websocket_url=url) as (box, uplink):
        put(box, "A")
        put(box, "B")
        wait_for(lambda: box.empty)
        assert uplink.way == "ws"
    assert got == ["A", "B"]


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


def test_stopping_while_the_hub_is_away_is_quick_and_keeps_results(tmp_path: Path) -> None:
    with sending(tmp_path, f"http://127.0.0.1:{free_ports(1)[0]}", retry_seconds=30, retry_max_seconds=60) as (box, uplink):
        put(box, "A")
        wait_for(lambda: uplink.reason)
    # `sending` has seen every thread end long before the next try was due.
    box = Outbox(tmp_path / "agent", 10**9, 100)
    assert box.next().fields["tag"] == "A"
    box.close()
