"""Bringing results to a hub: over Socket.IO, REST and raw WebSocket, whatever the other side does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from agent_lib.outbox import Entry, Outbox
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink import Uplink
from agent_lib.uplink.answer import Delivered
from agent_lib.uplink.rest import RestUplink
from agent_lib.uplink.websocket import WebSocketUplink
from tests.support.agent import entry, fields, result
from tests.support.devices import jpeg
from tests.support.helpers import HubProcess, free_ports, wait_for
from tests.support.uplink import Peer, proxy, rest_server, websocket_server

OK = (200, {"Content-Type": "application/json"}, b'{"success": true, "id": "1"}')
STATUS = {
    "station": "gate",
    "kind": "weighbridge",
    "simulated": False,
    "state": "waiting",
    "message": "Waiting for a tag.",
    "reader": {"state": "connected", "address": "a", "message": "", "last_tag_ts": None, "error": ""},
    "cameras": [],
    "captures": 0,
    "outbox": {"waiting": 0, "shelved": 0, "shelf": []},
    "uplink": "socketio",
}


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


# A real hub


def test_socketio_brings_fields_and_pictures(hub: HubProcess, tmp_path: Path) -> None:
    with sending(tmp_path, hub.url) as (box, uplink):
        event_id = put(box, "E2AA01", errors=["Secondary frame not available"], tags=["E2AA01", "E2AA02"])
        wait_for(lambda: box.empty)
        assert uplink.way == "socketio"
    row = captures(hub, tag="E2AA01")[0]
    sent = fields(result("E2AA01"))
    assert row["event_id"] == event_id and row["station"] == "gate" and row["tags"] == ["E2AA01", "E2AA02"]
    for key in (
        "tag_source",
        "started_ts",
        "finished_ts",
        "success",
        "number",
        "raw_text",
        "message",
        "attempts",
        "timestamp",
    ):
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
    assert WebSocketUplink(f"ws://127.0.0.1:{hub.side['results']}", 5).send(
        Entry(1, fields(one), one.pictures)
    ) == Delivered(duplicate=True)
    assert len(captures(hub, tag="E2AB01")) == 1


def test_rest_and_raw_websocket_bring_the_same(hub: HubProcess) -> None:
    rest = RestUplink(hub.url, 5)
    assert rest.send(entry(tag="E2AC01")) == Delivered()
    rest.close()
    assert WebSocketUplink(f"ws://127.0.0.1:{hub.side['results']}", 5).send(entry(tag="E2AC02")) == Delivered()
    one, other = captures(hub, tag="E2AC01")[0], captures(hub, tag="E2AC02")[0]
    different = {
        "id",
        "event_id",
        "received_at",
        "tag",
        "tags",
        "primary_image_url",
        "secondary_image_url",
        "label_image_url",
    }
    assert {key: one[key] for key in one if key not in different} == {
        key: other[key] for key in other if key not in different
    }
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


@pytest.mark.slow
def test_station_status_reaches_the_hub_and_changes_at_once(hub: HubProcess, tmp_path: Path) -> None:
    state = {**STATUS, "station": "status-gate"}

    def heard() -> dict[str, Any]:
        return next((row for row in hub.get("/api/stations")["stations"] if row["station"] == "status-gate"), {})

    with sending(tmp_path, hub.url, lambda: [dict(state)], status_seconds=300):
        wait_for(lambda: heard().get("state") == "waiting")
        state.update(state="problem", message="The reader is away.")
        wait_for(lambda: heard().get("message") == "The reader is away.")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("refused", "way"),
    [(b"Upgrade: websocket", "socketio"), (b"/socket.io/", "rest")],
    ids=["no websockets", "no socket.io"],
)
def test_a_proxy_that_lets_only_some_through(hub: HubProcess, tmp_path: Path, refused: bytes, way: str) -> None:
    def allow(head: bytes) -> bytes | None:
        return (
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            if refused.lower() in head.lower()
            else None
        )

    tag = f"E2B2{len(refused):02d}"
    with proxy(hub.port, allow) as url, sending(tmp_path, url) as (box, uplink):
        put(box, tag)
        wait_for(lambda: box.empty)
        assert uplink.way == way
    assert len(captures(hub, tag=tag)) == 1


@pytest.mark.slow
def test_a_proxy_that_swallows_socketio_is_gone_around(hub: HubProcess, tmp_path: Path) -> None:
    with (
        proxy(hub.port, lambda head: b"" if b"/socket.io/" in head else None) as url,
        sending(tmp_path, url, answer_seconds=1) as (box, uplink),
    ):
        put(box, "E2B301")
        wait_for(lambda: box.empty)
        assert uplink.way == "rest"


def test_proxies_of_the_environment_are_not_used(
    hub: HubProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"http://127.0.0.1:{free_ports(1)[0]}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, dead)
    monkeypatch.setenv("no_proxy", "")
    with sending(tmp_path, hub.url) as (box, uplink):
        put(box, "E2B401")
        wait_for(lambda: box.empty)
        assert uplink.way == "socketio"


# The loop


@pytest.mark.slow
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


@pytest.mark.slow
def test_every_try_has_the_same_event_id_and_order_is_kept(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        seen.append((sent["tag"], sent["event_id"]))
        return (503, {}, b"") if len(seen) < 4 else OK

    with rest_server(answer) as url, sending(tmp_path, url) as (box, _):
        ids = [put(box, "A"), put(box, "B")]
        wait_for(lambda: box.empty)
    assert seen == [("A", ids[0])] * 4 + [("B", ids[1])]


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


def test_stopping_while_the_hub_is_away_is_quick_and_keeps_results(tmp_path: Path) -> None:
    with sending(tmp_path, f"http://127.0.0.1:{free_ports(1)[0]}", retry_seconds=30, retry_max_seconds=60) as (
        box,
        uplink,
    ):
        put(box, "A")
        wait_for(lambda: uplink.reason)
    # `sending` has seen every thread end long before the next try was due.
    box = Outbox(tmp_path / "agent", 10**9, 100)
    assert box.next().fields["tag"] == "A"
    box.close()
