"""/healthz and /readyz: of a hub that works, that cannot store, that lacks a port; to strangers and to viewers."""

from __future__ import annotations

import resource
import socket
from pathlib import Path

import pytest
import requests

from hub.store.disk import DiskWatch
from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.senders import AccessHub, proxied_headers


def ready(hub: HubProcess) -> requests.Response:
    return requests.get(f"{hub.url}/readyz", timeout=10)


def test_a_hub_that_works(hub: HubProcess) -> None:
    alive = requests.get(f"{hub.url}/healthz", timeout=10)
    assert (alive.status_code, alive.json()) == (200, {"success": True, "status": "alive"})
    answer = ready(hub)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert set(answer.json()["checks"].values()) == {"ok"}
    assert answer.headers["Cache-Control"] == alive.headers["Cache-Control"] == "no-store"


@pytest.mark.slow
def test_a_hub_that_cannot_store_is_alive_and_not_ready(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        limits = resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a full disk
        refused = requests.post(f"{hub.url}/api/captures", json=capture_result(), timeout=10)
        assert refused.status_code == 503 and refused.headers["Retry-After"]
        wait_for(lambda: ready(hub).status_code == 503, what="the hub's being not ready")
        answer = ready(hub)
        body = answer.json()
        assert (body["success"], body["status"], body["message"]) == (False, "not ready", "The hub is not ready.")
        assert "cannot store" in body["checks"]["writer"] and body["errors"][0] == body["checks"]["writer"]
        assert body["checks"]["database"] == "ok" and answer.headers["Retry-After"] == "5"
        assert requests.get(f"{hub.url}/healthz", timeout=10).status_code == 200
        metrics = wait_for(lambda: scraped(hub, "gatehouse_store_failing 1.0"))
        assert "gatehouse_writes_failed_total 0.0" not in metrics
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, limits)
        wait_for(lambda: ready(hub).status_code == 200, what="the hub's being ready again")
        assert requests.post(f"{hub.url}/api/captures", json=capture_result(), timeout=10).status_code == 201


def scraped(hub: HubProcess, text: str) -> str:
    found = requests.get(f"{hub.url}/metrics", timeout=10).text
    return found if text in found else ""


@pytest.mark.slow
def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    with socket.create_server(("0.0.0.0", hub.side["lpr"])), hub:
        assert ready(hub).status_code == 200, "the hub serves what is open"
        assert requests.get(f"{hub.url}/healthz", timeout=10).status_code == 200
        assert 'gatehouse_listener_up{listener="lpr"} 0.0' in scraped(hub, "gatehouse")


def test_details_are_for_those_who_may_see_the_status(tmp_path: Path) -> None:
    environ = {"HUB_ACCESS_LOCAL_ADMIN": "false", "HUB_ACCESS_TRUSTED_PROXY": "127.0.0.1"}
    with AccessHub(tmp_path / "instance", **environ) as hub:
        for sender in ("stranger", "device", "viewer", "admin"):
            headers = proxied_headers(sender)
            assert requests.get(f"{hub.url}/healthz", headers=headers, timeout=10).status_code == 200
            body = requests.get(f"{hub.url}/readyz", headers=headers, timeout=10).json()
            assert body["status"] == "ready" and ("checks" in body) is (sender in ("viewer", "admin"))
            expected = 401 if sender == "stranger" else 200
            assert requests.get(f"{hub.url}/metrics", headers=headers, timeout=10).status_code == expected
            expected = {"stranger": 401, "admin": 200}.get(sender, 403)
            assert requests.get(f"{hub.url}/api/log", headers=headers, timeout=10).status_code == expected


def test_a_stranger_learns_no_detail_of_a_failure(app) -> None:
    """The app of a test has no listener, so that it is not ready."""
    client = app.test_client()
    stranger = client.get("/readyz", environ_overrides={"REMOTE_ADDR": "192.0.2.5"})
    assert stranger.status_code == 503 and "checks" not in stranger.json
    assert stranger.json["errors"] == [stranger.json["message"]] == ["The hub is not ready."]
    assert "main port" in client.get("/readyz").json["checks"]["listening"]


def test_a_stopping_hub_and_a_writer_that_ended(app) -> None:
    from hub.monitoring.readiness import Readiness
    from hub.runtime.lifecycle import run

    hub = app.extensions["gatehouse"]
    readiness = hub.part(Readiness)
    assert readiness.failures().keys() == {"listening"} and not hub.part(DiskWatch).full
    run(hub.lifecycle.stopping)
    hub.writer.close()
    hub.supervisor.join("writer", 10)
    readiness._checked_at -= 2
    found = readiness.failures()
    assert found["listening"] == "The hub is stopping." and "does not run" in found["writer"]


def test_the_newest_lines_of_the_log(hub: HubProcess) -> None:
    body = hub.get("/api/log", limit=3)
    assert len(body["lines"]) == 3 and body["counts"]["INFO"] >= 3
    assert hub.get("/api/log", level="error") == {**body, "lines": []}
    requests.get(f"{hub.url}/status", headers={"Host": "evil.example"}, timeout=10)
    newest = wait_for(lambda: hub.get("/api/log", level="WARNING")["lines"])[0]
    assert newest["logger"] == "hub.access.gate" and newest["message"].startswith("Refused GET /status")
    assert newest not in hub.get("/api/log", after=newest["number"])["lines"]
    assert newest in hub.get("/api/log", after=newest["number"] - 1)["lines"]
    for odd in ({"level": "LOUD"}, {"limit": "x"}, {"after": "-1"}):
        assert requests.get(f"{hub.url}/api/log", params=odd, timeout=10).status_code == 400
