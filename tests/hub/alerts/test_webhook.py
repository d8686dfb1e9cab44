"""The webhook of a real hub: signed, in order, tried again, whatever the receiver does."""

from __future__ import annotations

import re
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hub.alerts.signature import sign
from hub.net.certificates import AUTHORITY, SERVER, SERVER_KEY, make_certificates
from tests.support.helpers import ROOT, HubProcess, capture_result, wait_for
from tests.support.webhooks import Receiver, receiver, status

pytestmark = pytest.mark.slow


@pytest.fixture
def target() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def hub_with(tmp_path: Path, target: Receiver, **environ: str) -> HubProcess:
    made = HubProcess(tmp_path / "instance", HUB_WEBHOOK_URL=target.url, HUB_ALERTS_REPEAT_SECONDS="0", **environ)
    made.environ["HUB_WEBHOOK_TIMEOUT_SECONDS"] = environ.get("HUB_WEBHOOK_TIMEOUT_SECONDS", "2")
    return made


def fail(hub: HubProcess, number: int) -> None:
    """A failed capture, which is an alert."""
    body = capture_result(event_id=f"{number}", station=f"station {number}", success=False, number="")
    assert requests.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201


def subjects(target: Receiver) -> list[str]:
    """What was received, in its order, without what came again."""
    return list(dict.fromkeys(one.json["subject"] for one in target.received))


def still_answers(hub: HubProcess) -> dict:
    return requests.get(f"{hub.url}/status", timeout=5).json()["webhook"]


def test_a_message_is_signed_and_its_secret_is_in_a_file_and_not_in_the_log(tmp_path, target) -> None:
    """At level DEBUG either, where libraries log what they do; the path of the address may be a secret, too."""
    with hub_with(tmp_path, target, HUB_LOG_LEVEL="DEBUG") as hub:
        fail(hub, 1)
        wait_for(lambda: target.received, what="the message")
    [one] = target.received
    path = hub.instance / "webhook_secret"
    secret = path.read_text("utf-8").strip()
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secret) >= 32
    assert one.headers["X-Gatehouse-Signature"] == sign(secret, one.headers["X-Gatehouse-Timestamp"], one.body)
    assert abs(int(one.headers["X-Gatehouse-Timestamp"]) - time.time()) < 300
    assert one.headers["X-Gatehouse-Id"] == one.json["id"]
    assert one.headers["Content-Type"] == "application/json"
    assert (one.json["kind"], one.json["state"], one.json["subject"]) == ("capture_failed", "reported", "station 1")
    log = (hub.instance / "hub.log").read_text("utf-8") + hub.text()
    assert secret not in log and "/hook" not in log


def test_the_example_of_the_documentation_checks_the_signature(tmp_path, target) -> None:
    text = (ROOT / "docs" / "notifications.md").read_text("utf-8")
    [source] = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hmac" in block]
    names: dict[str, object] = {}
    exec(source, names)
    is_genuine = names["is_genuine"]
    now = str(int(time.time()))
    headers = {"X-Gatehouse-Timestamp": now, "X-Gatehouse-Signature": sign("secret", now, b"{}")}
    assert is_genuine("secret", headers, b"{}") is True
    assert is_genuine("secret", headers, b"{ }") is False
    assert is_genuine("other", headers, b"{}") is False
    old = str(int(time.time()) - 3600)
    replayed = {"X-Gatehouse-Timestamp": old, "X-Gatehouse-Signature": sign("secret", old, b"{}")}
    assert is_genuine("secret", replayed, b"{}") is False


@pytest.mark.parametrize("code", [500, 404, 302])
def test_what_is_not_accepted_is_sent_again_in_order(tmp_path, target, code) -> None:
    elsewhere: list[str] = []
    with receiver() as other, hub_with(tmp_path, target) as hub:
        other.answer = lambda handler: elsewhere.append(handler.path) or status(handler, 204)
        target.answer = lambda handler: status(handler, code, Location=other.url)
        for number in range(3):
            fail(hub, number)
        wait_for(lambda: len(target.received) >= 2, what="a second try")
        assert subjects(target) == ["station 0"]
        assert "answers" in still_answers(hub)["problem"]
        target.answer = lambda handler: status(handler, 200)
        wait_for(lambda: len(subjects(target)) == 3, 30, "the others")
        wait_for(lambda: still_answers(hub)["waiting"] == 0, what="the end of the queue")
        assert still_answers(hub)["delivered"] == 3
    assert subjects(target) == ["station 0", "station 1", "station 2"]
    assert elsewhere == [], "a redirect was followed"


def test_a_message_that_is_refused_for_good_does_not_hold_up_the_others(tmp_path, target) -> None:
    target.answer = lambda handler: status(handler, 422 if len(target.received) == 1 else 204)
    with hub_with(tmp_path, target) as hub:
        fail(hub, 1)
        fail(hub, 2)
        wait_for(lambda: len(target.received) == 2, what="both messages")
        wait_for(lambda: still_answers(hub)["rejected"] == 1, what="the count")


def test_a_receiver_that_hangs_drips_or_floods_does_not_hold_up_the_hub(tmp_path, target) -> None:
    def hang(handler) -> None:
        handler.rfile.read(1)

    def drip(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: 1\r\n")
            handler.wfile.flush()
            time.sleep(0.02)

    def flood(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 1_000_000)

    with hub_with(tmp_path, target) as hub:
        for number, answer in enumerate((hang, drip)):
            target.answer = answer
            seen = len(target.received)
            fail(hub, number)
            wait_for(lambda seen=seen: len(target.received) > seen, 30, "a try")
            assert "problem" in still_answers(hub)
            wait_for(lambda: "within 2 seconds" in still_answers(hub)["problem"], what="the time limit")
        target.answer = flood
        before = hub.get("/status")["memory_mb"]
        wait_for(lambda: still_answers(hub)["delivered"] >= 2, 40, "deliveries in spite of the flood")
        assert hub.get("/status")["memory_mb"] < before + 30


def test_https_counts_where_the_authority_is_trusted(tmp_path) -> None:
    make_certificates(tmp_path / "site", ["127.0.0.1"])
    certificate = (tmp_path / "site" / SERVER, tmp_path / "site" / SERVER_KEY)
    with receiver(certificate=certificate) as target:
        hub = hub_with(tmp_path, target)
        with hub:
            fail(hub, 1)
            wait_for(lambda: "TLS fails" in still_answers(hub)["problem"], what="the refusal of an unknown authority")
        hub.environ["HUB_WEBHOOK_CA"] = str(tmp_path / "site" / AUTHORITY)
        with hub:
            wait_for(lambda: target.received, what="the message")
        assert subjects(target) == ["station 1"]


def test_what_waits_survives_a_kill_and_a_receiver_that_is_away(tmp_path) -> None:
    with receiver() as placed:
        port = placed.port
        hub = hub_with(tmp_path, placed)
    hub.start()
    for number in range(5):
        fail(hub, number)
    wait_for(lambda: "connection fails" in still_answers(hub)["problem"], what="the problem")
    wait_for(lambda: len(hub.get("/api/alerts")["alerts"]) == 5, what="five alerts")
    hub.kill()
    hub.start()
    with receiver(port) as target:
        wait_for(lambda: len(subjects(target)) == 5, 60, "every message")
        hub.stop()
        assert subjects(target) == [f"station {number}" for number in range(5)]
        first = len(target.received)
        hub.start()
        fail(hub, 9)
        wait_for(lambda: subjects(target)[-1] == "station 9", what="the next message")
        hub.stop()
        assert len(target.received) == first + 1, "what was delivered came again after an orderly end"


def test_a_receiver_that_is_away_for_long_gets_the_newest(tmp_path) -> None:
    with receiver() as placed:
        port = placed.port
        hub = hub_with(tmp_path, placed, HUB_WEBHOOK_QUEUE="3")
    with hub:
        for number in range(8):
            fail(hub, number)
        wait_for(lambda: len(hub.get("/api/alerts")["alerts"]) == 8, what="eight alerts")
        with receiver(port) as target:
            wait_for(lambda: subjects(target)[-1:] == ["station 7"], 60, "the newest message")
            assert subjects(target)[-3:] == ["station 5", "station 6", "station 7"]
            wait_for(lambda: still_answers(hub)["waiting"] == 0, what="the end of the queue")
            assert len(subjects(target)) + still_answers(hub)["left_out"] == 8


def test_without_a_webhook_no_secret_is_made_and_nothing_is_kept_for_it(tmp_path, target) -> None:
    hub = hub_with(tmp_path, target)
    del hub.environ["HUB_WEBHOOK_URL"]
    with hub:
        fail(hub, 1)
        wait_for(lambda: hub.get("/api/alerts")["alerts"], what="the alert")
        assert "webhook" not in hub.get("/status")
    assert not (hub.instance / "webhook_secret").exists()
    hub.environ["HUB_WEBHOOK_URL"] = target.url
    with hub:
        fail(hub, 2)
        wait_for(lambda: target.received, what="the message")
    assert subjects(target) == ["station 2"]


@pytest.mark.parametrize(
    "url", ["ftp://hooks.example/x", "hooks.example", "https://user:pass@hooks.example/", "http://"]
)
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(tmp_path, url) -> None:
    from hub.settings.file import SettingsError, load

    with pytest.raises(SettingsError, match="webhook.url") as refused:
        load(tmp_path, {}, {"HUB_WEBHOOK_URL": url})
    assert "user:pass" not in str(refused.value)
