""" "Cannot store now" concerns the hub, not the result: the queue waits and keeps its order, over every transport."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_lib.outbox import Outbox
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink import Uplink
from agent_lib.uplink.answer import Later, Refused
from agent_lib.uplink.rest import RestUplink
from agent_lib.uplink.websocket import WebSocketUplink
from tests.support.agent import entry, fields, result
from tests.support.helpers import HubProcess, wait_for
from tests.support.uplink import Peer, full_disk, proxy, rest_server, socketio_server, websocket_server

pytestmark = pytest.mark.slow

OK = (200, {"Content-Type": "application/json"}, b'{"success": true, "id": "1"}')
FULL = {"success": False, "message": "The hub cannot store now (disk is full).", "errors": [], "retry_after": 0.01}
FAILED = {"success": False, "message": "The hub failed at this event.", "errors": [], "retry_after": 0.01}
TRIES = 9
"""More tries than any result is given before it is postponed."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()


@contextmanager
def sending(tmp_path: Path, **settings: Any) -> Iterator[tuple[Outbox, Uplink]]:
    """An outbox with the results A, B and C, and an uplink that sends them."""
    box = Outbox(tmp_path / "agent", 10**9, 100)
    values = {"retry_seconds": 0.01, "retry_max_seconds": 0.02, "answer_seconds": 10, **settings}
    uplink, supervisor = Uplink(HubSettings(**values), box), Supervisor()
    for tag in "ABC":
        one = result(tag)
        box.put(one, fields(one))
    uplink.start(supervisor)
    try:
        yield box, uplink
    finally:
        uplink.stop()
        assert supervisor.stop(10) == []
        uplink.close()
        box.close()


class Refusing:
    """Counts what arrives; says `no` to the first `TRIES` results and `yes` to the others."""

    def __init__(self, no: Any, yes: Any) -> None:
        self._no, self._yes = no, yes
        self.tags: list[str] = []

    def __call__(self, sent: dict[str, Any]) -> Any:
        self.tags.append(sent["tag"])
        return self._no if len(self.tags) <= TRIES else self._yes


def in_order(tags: list[str]) -> bool:
    return tags == ["A"] * (TRIES + 1) + ["B", "C"]


def body(**more: Any) -> bytes:
    return json.dumps({**FULL, **more}).encode()


@pytest.mark.parametrize(
    "no",
    [
        (503, {"Retry-After": "0"}, body()),
        (503, {}, b"<html>busy</html>"),
        (507, {}, body(retry_after=None)),
        (507, {}, b""),
        (429, {"Retry-After": "0"}, b""),
        (500, {"Retry-After": "0"}, b""),
        (500, {}, body()),
        (200, {}, body()),
        (200, {}, body(retry_after="soon")),
        (200, {}, b'{"status": "error", "message": "Full", "retry_after": 0}'),
    ],
    ids=[
        "503",
        "503 of a proxy",
        "507",
        "507 bare",
        "429",
        "500 later",
        "500 body",
        "200",
        "no number",
        "status error",
    ],
)
def test_over_rest(tmp_path: Path, no: Any) -> None:
    hub = Refusing(no, OK)
    with rest_server(hub) as url, sending(tmp_path, url=url) as (box, _):
        wait_for(lambda: box.empty)
        assert box.counts()["shelved"] == 0
    assert in_order(hub.tags)


@pytest.mark.parametrize(
    "no",
    [FULL, {**FULL, "retry_after": "soon"}, {"status": "error", "message": "Full", "retry_after": 0}],
    ids=["hub", "no number", "status error"],
)
def test_over_a_raw_websocket(tmp_path: Path, no: Any) -> None:
    hub = Refusing(no, {"success": True})

    def on_message(peer: Peer, sent: dict[str, Any]) -> None:
        peer.say(json.dumps(hub(sent)))

    with websocket_server(on_message) as url, sending(tmp_path, websocket_url=url) as (box, uplink):
        wait_for(lambda: box.empty)
        assert box.counts()["shelved"] == 0 and uplink.way == "ws"
    assert in_order(hub.tags)


@pytest.mark.parametrize(
    "no",
    [FULL, {"status": "error", "message": "Full", "retry_after": 0}],
    ids=["hub", "status error"],
)
def test_over_socketio(tmp_path: Path, no: Any) -> None:
    hub = Refusing(no, {"success": True})

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        said = hub(sent)
        return (200 if said.get("success") else 503), {}, json.dumps(said).encode()

    with socketio_server(hub, answer) as url, sending(tmp_path, url=url) as (box, uplink):
        wait_for(lambda: box.empty)
        assert box.counts()["shelved"] == 0 and uplink.way == "socketio"
    assert in_order(hub.tags)


def test_over_socketio_without_rest(tmp_path: Path) -> None:
    hub = Refusing(FULL, {"success": True})
    with socketio_server(hub) as url, sending(tmp_path, url=url) as (box, _):
        wait_for(lambda: box.empty)
    assert in_order(hub.tags)


def test_a_result_at_which_the_hub_fails_is_told_apart_by_rest(tmp_path: Path) -> None:
    """An acknowledgement has no status: REST tells a hub that fails at this result from one that cannot store."""
    tags: list[str] = []

    def acknowledge(sent: dict[str, Any]) -> dict[str, Any]:
        tags.append(sent["tag"])
        return FAILED if sent["tag"] == "A" else {"success": True}

    def answer(sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        tags.append(sent["tag"])
        return (500, {}, b"") if sent["tag"] == "A" and "C" not in tags else OK

    with socketio_server(acknowledge, answer) as url, sending(tmp_path, url=url, retry_max_seconds=1) as (box, _):
        wait_for(lambda: box.empty)
        assert box.counts()["shelved"] == 0
    assert [tag for tag in tags if tag != "A"] == ["B", "C"] and tags[-1] == "A" and len(tags) <= 12


@pytest.mark.parametrize("said", [(400, {}, body(retry_after=None)), (413, {}, b""), (415, {}, b"")])
def test_what_can_never_be_accepted_is_set_aside(tmp_path: Path, said: Any) -> None:
    tags: list[str] = []

    def answer(sent: dict[str, Any]) -> Any:
        tags.append(sent["tag"])
        return said if sent["tag"] == "A" else OK

    with rest_server(answer) as url, sending(tmp_path, url=url) as (box, _):
        wait_for(lambda: box.empty)
        assert [row["tag"] for row in box.counts()["shelf"]] == ["A"]
    assert tags == ["A", "B", "C"]


def test_the_waiting_and_its_reason_are_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hub = Refusing((503, {"Retry-After": "0"}, body()), OK)
    reasons: list[str] = []

    def answer(sent: dict[str, Any]) -> Any:
        reasons.append(running[0].reason)
        return hub(sent)

    running: list[Uplink] = []
    with rest_server(answer) as url, sending(tmp_path, url=url) as (box, uplink):
        running.append(uplink)
        wait_for(lambda: box.empty)
        assert uplink.reason == ""
    assert "disk is full" in reasons[TRIES - 1] and reasons[TRIES + 1] == ""
    assert caplog.text.count("disk is full") == 1, "once for the whole time of waiting"


def test_retry_after_is_honoured_and_bounded(tmp_path: Path) -> None:
    times: list[float] = []

    def answer(sent: dict[str, Any]) -> Any:
        times.append(time.monotonic())
        return (503, {"Retry-After": "0.3"}, b"") if len(times) == 1 else OK

    with rest_server(answer) as url, sending(tmp_path, url=url) as (box, _):
        wait_for(lambda: box.empty)
    assert times[1] - times[0] >= 0.3
    with rest_server(lambda sent: (503, {"Retry-After": "99999999"}, b"")) as url:
        rest = RestUplink(url, 5)
        assert rest.send(entry()).retry_after == 300
        rest.close()


def test_a_websocket_that_is_refused_says_when_to_come_again() -> None:
    """The hub refuses the upgrade itself: 503 with Retry-After before there is any WebSocket."""

    def allow(head: bytes) -> bytes:
        return b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    with proxy(1, allow) as url:
        answer = WebSocketUplink(url.replace("http", "ws"), 5).send(entry())
    assert isinstance(answer, Later) and answer.retry_after == 7


# The real hub, whose disk takes nothing


def _socketio(hub: HubProcess) -> dict[str, Any]:
    return {"url": hub.url}


def _raw(hub: HubProcess) -> dict[str, Any]:
    return {"websocket_url": f"ws://127.0.0.1:{hub.side['results']}"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
@pytest.mark.parametrize("to", [_socketio, _raw], ids=["socketio", "websocket"])
def test_a_hub_with_a_full_disk_gets_every_result_in_order(
    hub: HubProcess, tmp_path: Path, to: Callable[[HubProcess], dict[str, Any]]
) -> None:
    settings = {**to(hub), "retry_seconds": 0.01, "retry_max_seconds": 0.01}
    before = len(hub.captures())
    with full_disk(hub.process.pid):
        rest = RestUplink(hub.url, 10)
        busy = rest.send(entry())
        rest.close()
        assert isinstance(busy, Later) and busy.retry_after == 5 and "503" in busy.reason
        running = sending(tmp_path, **settings)
        box, uplink = running.__enter__()
        wait_for(lambda: "cannot store now" in uplink.reason)
        assert box.counts()["waiting"] == 3
    try:
        wait_for(lambda: box.empty, 30)
        assert box.counts()["shelved"] == 0
    finally:
        running.__exit__(None, None, None)
    assert [row["tag"] for row in hub.captures()[: -before or None]] == ["C", "B", "A"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
def test_what_can_never_be_stored_is_refused_by_a_full_hub_too(hub: HubProcess) -> None:
    with full_disk(hub.process.pid):
        rest = RestUplink(hub.url, 10)
        answer = rest.send(entry(tag="E2" * 5000))
        rest.close()
    assert isinstance(answer, Refused)
