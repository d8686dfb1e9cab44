"""Barriers of a real hub with a real HTTP relay: once for each visit, never late, never twice, never while stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from hub.contract.times import utc_text
from tests.support.barriers import BarrierHub, Receiver, http_barrier, receiver
from tests.support.helpers import wait_for
from tests.support.webhooks import status

pytestmark = pytest.mark.slow
QUIET_SECONDS = 0.4  # what has not come after this long does not come


@pytest.fixture
def relay() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def stays(count: int, relay: Receiver) -> None:
    """Nothing more is received for a moment."""
    end = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < end:
        assert len(relay.received) == count, [one.body for one in relay.received]
        time.sleep(0.02)


def opened(count: int, relay: Receiver) -> None:
    wait_for(lambda: len(relay.received) >= count, what=f"{count} pulses")
    stays(count, relay)


def test_a_visit_in_order_opens_its_barrier_once_however_often_it_is_updated(tmp_path, relay) -> None:
    body = '{"barrier": "{barrier}", "vehicle": "{vehicle}", "tag": "{tag}"}'
    barrier = http_barrier(f"{relay.url}/{{plate}}?v={{visit}}", body=body, headers=["Content-Type: application/json"])
    with BarrierHub(tmp_path / "instance", barrier) as hub:
        hub.publish(state="mismatch", waits=True)
        hub.publish(state="unknown", visit_id="v2")
        hub.publish(visit_id="v3", checkpoint="south gate")
        stays(0, relay)
        hub.publish(new=False)
        hub.publish(new=False)
        opened(1, relay)
        hub.publish(new=False)
        stays(1, relay)
        [one] = relay.received
        assert one.path == "/hook/AB%2012%2F3?v=v1"
        assert json.loads(one.body) == {"barrier": "north", "vehicle": 'Lorry "7"', "tag": "E2003412"}
        shown = hub.settle()
        assert (shown["last"]["who"], shown["last"]["automatic"], shown["last"]["visit"]) == ("hub", True, "v1")
        assert (shown["pulses_last_minute"], shown["error"]) == (1, "")
        [entry] = hub.audit("barrier.open")
        assert (entry["who"], entry["target"], entry["detail"]) == ("hub", "north", {"visit": "v1"})


def test_a_confirmed_visit_opens_and_an_old_one_does_not(tmp_path, relay) -> None:
    decided = {"state": "mismatch", "decision": "confirm", "decided_by": "somebody"}
    with BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub:
        hub.publish(age=30)
        hub.publish(visit_id="v2", age=30, decided_at=utc_text(time.time() - 30), **decided)
        hub.publish(visit_id="v3", age=3600, decided_at=utc_text(time.time()), **decided)
        stays(0, relay)
        hub.publish(visit_id="v4", age=30, decided_at=utc_text(time.time()), **decided)
        opened(1, relay)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_opens_for_no_visit_again(tmp_path, relay, how) -> None:
    hub = BarrierHub(tmp_path / "instance", http_barrier(relay))
    with hub:
        hub.publish()
        opened(1, relay)
        getattr(hub, how)()
        hub.start()
        hub.publish(new=False)
        stays(1, relay)
        assert hub.barrier()["last"]["visit"] == "v1", "the last pulse is known after a restart"
        hub.publish(visit_id="v2")
        opened(2, relay)


def test_a_kill_in_the_middle_of_a_pulse_opens_nothing_later(tmp_path, relay) -> None:
    relay.answer = lambda handler: time.sleep(1.5)
    with BarrierHub(tmp_path / "instance", http_barrier(relay, timeout_seconds=5)) as hub:
        hub.publish()
        wait_for(lambda: relay.received, what="the request")
        hub.kill()
        relay.answer = lambda handler: status(handler, 204)
        hub.start()
        hub.publish(new=False)
        stays(1, relay)
        assert "in the middle" in hub.barrier()["error"]


def hang(handler) -> None:
    handler.rfile.read(1)


def flood(handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        handler.wfile.write(b"x" * 65536)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (hang, "does not answer within 1 seconds"),
        (lambda handler: status(handler, 500), "it answers 500"),
        (lambda handler: handler.wfile.write(b"\0" * 5000), "the connection fails"),
    ],
)
def test_a_relay_that_fails_is_said_and_not_asked_again(tmp_path, relay, answer, said) -> None:
    relay.answer = answer
    with BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub:
        hub.publish()
        problem = wait_for(lambda: hub.barrier()["error"], what="the sentence")
        assert said in problem and "not asked again" in problem
        hub.publish(new=False)
        stays(1, relay)
        alerts = wait_for(lambda: hub.get("/api/alerts", kind="barrier_failed")["alerts"], what="the alert")
        assert (alerts[0]["subject"], alerts[0]["sentence"]) == ("north", problem)
        assert hub.audit("barrier.fail")[0]["detail"]["problem"] == problem
        by_hand = hub.open()
        assert by_hand.status_code in (409, 502)
        relay.answer = lambda handler: status(handler, 204)
        wait_for(lambda: hub.open().status_code == 200, what="a relay that answers again")
        assert hub.settle()["error"] == ""


def test_a_redirect_is_not_followed_and_a_huge_answer_not_read(tmp_path, relay) -> None:
    with receiver() as other, BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub:
        relay.answer = lambda handler: status(handler, 302, Location=other.url)
        hub.publish()
        assert "it answers 302" in wait_for(lambda: hub.barrier()["error"], what="the sentence")
        relay.answer = flood
        hub.publish(visit_id="v2")
        wait_for(lambda: hub.barrier()["last"]["visit"] == "v2", what="the pulse")
        assert hub.settle()["error"] == "" and other.received == []


def test_a_relay_that_cannot_be_reached(tmp_path) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier("http://127.0.0.1:9/open")) as hub:
        answer = hub.open()
        assert answer.status_code == 502 and "the connection fails" in answer.json()["message"]
        assert "may" not in answer.json()["message"]


def test_the_stop_counts_at_once_and_over_restarts_until_somebody_releases(tmp_path, relay) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub:
        state = hub.set_stopped(True)
        assert state["stopped"] and state["since"] and state["by"] and state["problem"] == ""
        hub.publish()
        refused = hub.open(note="please")
        assert refused.status_code == 409 and "stopped" in refused.json()["message"]
        assert hub.audit("barrier.refuse")[0]["detail"]["note"] == "please"
        hub.kill()
        hub.start()
        assert hub.get("/api/barriers")["since"] == state["since"]
        hub.publish(visit_id="v2")
        assert hub.open().status_code == 409
        stays(0, relay)
        hub.set_stopped(False)
        stays(0, relay)
        hub.publish(visit_id="v3")
        opened(1, relay)
        assert len(hub.audit("barrier.stop")) == len(hub.audit("barrier.release")) == 1
        hub.stop()
        (hub.instance / "barriers_stopped.json").write_bytes(b"\0damaged")
        hub.start()
        assert hub.get("/api/barriers")["stopped"] is True, "nobody knows what the file said"


def test_the_stop_works_while_a_relay_hangs_and_the_disk_cannot_store(tmp_path, relay) -> None:
    relay.answer = hang
    with BarrierHub(tmp_path / "instance", http_barrier(relay, timeout_seconds=10)) as hub:
        (hub.instance / "barriers_stopped.json").mkdir()
        hub.publish()
        wait_for(lambda: relay.received, what="the request")
        began = time.monotonic()
        state = hub.set_stopped(True)
        assert state["stopped"] and "cannot be written" in state["problem"]
        problem = wait_for(lambda: hub.barrier()["error"], what="the end of the attempt")
        assert "stopped" in problem and time.monotonic() - began < 8


def test_no_more_pulses_in_a_minute_than_the_limit(tmp_path, relay) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier(relay, per_minute=2)) as hub:
        for number in range(4):
            hub.publish(visit_id=f"v{number}")
        opened(2, relay)
        answer = hub.open()
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
        assert "per_minute" in hub.barrier()["refusal"]
        hub.kill()
        hub.start()
        assert hub.open().status_code == 429, "a restart is no way around the limit"


def test_two_presses_at_once_open_once_and_the_visit_not_again(tmp_path, relay) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier(relay)) as hub, ThreadPoolExecutor(8) as pool:
        hub.publish(state="unknown")
        codes = sorted(answer.status_code for answer in pool.map(lambda _: hub.open(visit="v1"), range(8)))
        assert codes == [200, *[409] * 7]
        hub.publish()
        opened(1, relay)
        assert len(hub.audit("barrier.open")) == 1 and len(hub.audit("barrier.refuse")) == 7
        assert hub.audit("barrier.open")[0]["detail"] == {"visit": "v1"}


def test_a_slow_relay_delays_neither_the_other_barrier_nor_the_hub(tmp_path, relay) -> None:
    with receiver() as slow:
        slow.answer = hang
        barriers = [http_barrier(slow, name="slow", timeout_seconds=10), http_barrier(relay)]
        with BarrierHub(tmp_path / "instance", *barriers) as hub:
            hub.publish()
            wait_for(lambda: slow.received, what="the slow one")
            opened(1, relay)
            hub.publish(visit_id="v2")
            opened(2, relay)
            began = time.monotonic()
            hub.get("/api/barriers")
            assert time.monotonic() - began < 5
            assert hub.barrier("slow")["busy"] and len(slow.received) == 1
            hub.set_stopped(True)


def test_wishes_that_wait_too_long_behind_a_slow_one_do_not_open_late(tmp_path, relay) -> None:
    def slowly(handler) -> None:
        time.sleep(1.5)
        status(handler, 204)

    relay.answer = slowly
    with BarrierHub(tmp_path / "instance", http_barrier(relay, timeout_seconds=5, max_age_seconds=1)) as hub:
        hub.publish(visit_id="v1")
        hub.publish(visit_id="v2")
        wait_for(lambda: "too late" in hub.barrier()["refusal"], what="the refusal")
        opened(1, relay)


def test_what_a_barrier_needs_to_open(tmp_path: Path, relay: Receiver) -> None:
    barriers = [http_barrier(relay, name="off", enabled=False), http_barrier(relay, name="by hand", automatic=False)]
    with BarrierHub(tmp_path / "instance", *barriers, HUB_ACCESS_LOCAL_ADMIN="true") as hub:
        hub.publish()
        stays(0, relay)
        assert hub.open("off").status_code == 409 and hub.open("nowhere").status_code == 404
        assert hub.open("by hand", note="x" * 501).status_code == 400
        assert requests.post(f"{hub.url}/api/barriers/by hand/open", data=b"[", timeout=10).status_code in (400, 415)
        assert requests.post(f"{hub.url}/api/barriers/stop", json={"stopped": "yes"}, timeout=10).status_code == 400
        assert hub.open("by hand", visit="unknown").status_code == 404
        assert hub.open("by hand", note="for the workshop").status_code == 200
        opened(1, relay)
        [entry] = hub.audit("barrier.open")
        assert entry["who"] != "hub" and entry["detail"] == {"note": "for the workshop"}


def test_a_login_and_headers_go_out(tmp_path, relay) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "relay_password").write_text("s3crét\n", "utf-8")
    barrier = http_barrier(relay, username="hub", password_file="relay_password", headers=["X-Plate: {plate}"])
    with BarrierHub(tmp_path / "instance", barrier) as hub:
        hub.publish(plate="กข 1")
        opened(1, relay)
        headers = relay.received[0].headers
        assert headers["authorization"] == "Basic aHViOnMzY3LDqXQ="
        assert headers["x-plate"] == "%E0%B8%81%E0%B8%82 1"
        assert "hook" not in hub.barrier()["target"]
    assert "s3cr" not in hub.text() + (hub.instance / "hub.log").read_text("utf-8")
