"""What an operator changes at one hub counts at the other within two seconds; real hubs on one PostgreSQL database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support import stores
from tests.support.accounts import ELSEWHERE, PASSWORD, add, log_in
from tests.support.barriers import toml
from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4
from tests.support.shared_database import hubs

pytestmark = pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER)
SEEN_SECONDS = 2.0
BARRIER = {"name": "north", "enabled": True, "checkpoint": "north gate", "kind": "http", "url": "http://127.0.0.1:9/"}
ENVIRON = {"HUB_ACCESS_LOCAL_ADMIN": "false", "HUB_ACCESS_TRUSTED_PROXY": "127.0.0.1"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[HubProcess]]:
    with hubs(tmp_path_factory.mktemp("pair"), toml=toml(BARRIER), **ENVIRON) as made:
        yield made


@pytest.fixture(scope="module")
def operator(pair: list[HubProcess]) -> requests.Session:
    return log_in(pair[0])


def _ask(session: Any, hub: HubProcess, path: str, method: str = "GET", **options: Any) -> requests.Response:
    """A request of a page of a hub."""
    method = "POST" if "json" in options else method
    return session.request(method, hub.url + path, headers={"Origin": hub.url}, timeout=10, **options)


def _soon(condition: Callable[[], Any], what: str) -> None:
    """`condition` comes true within SEEN_SECONDS, and half a second for the requests that ask."""
    began = time.monotonic()
    wait_for(condition, 20, what)
    assert time.monotonic() - began < SEEN_SECONDS + 0.5, f"{what} took {time.monotonic() - began:.1f} s"


def _send(hub: HubProcess, token: str = "", camera: str = "SHARED") -> int:
    """A record of a camera of another machine, through a proxy; the status of the answer."""
    headers = {"X-Forwarded-For": ELSEWHERE}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = g4(event_id=f"shared-{time.monotonic_ns()}", aicamera_id=camera)
    return requests.post(f"{hub.url}/api/statistics", json=body, headers=headers, timeout=10).status_code


def test_a_session_counts_at_both_hubs_until_it_is_logged_out(pair: list[HubProcess], operator: Any) -> None:
    first, second = pair
    add(operator, first, "olga", "operator")
    session = log_in(first, "olga", PASSWORD)
    assert _ask(session, first, "/status").status_code == 200
    _soon(lambda: _ask(session, second, "/status").status_code == 200, "the session at the other hub")
    kept = dict(session.cookies)
    assert _ask(session, first, "/logout", json={}).status_code == 200

    def ended() -> bool:
        return requests.get(f"{second.url}/status", cookies=kept, timeout=10).status_code == 401

    _soon(ended, "the logout at the other hub")


def test_a_token_counts_at_both_hubs_until_it_is_revoked(pair: list[HubProcess], operator: Any) -> None:
    first, second = pair
    answer = _ask(operator, first, "/api/access/tokens", json={"name": "gate"})
    assert answer.status_code in (200, 201), answer.text
    made = answer.json()
    token, token_id = made["token"], made["id"]
    assert _send(first, token) == 200
    _soon(lambda: _send(second, token) == 200, "the token at the other hub")
    assert _ask(operator, first, f"/api/access/tokens/{token_id}", "DELETE").status_code == 200
    _soon(lambda: _send(second, token) == 401, "the end of the token at the other hub")
    time.sleep(0.05)
    rows = stores.server("SELECT count(*) FROM access_tokens WHERE revoked_at IS NULL", stores.database(first.instance))
    assert rows[0][0] == 0


def test_a_device_that_is_admitted_at_one_hub_is_at_the_other(pair: list[HubProcess], operator: Any) -> None:
    first, second = pair
    assert _send(first, camera="NEW") == 401 and _send(second, camera="NEW") == 401
    waiting = _ask(operator, first, "/api/access/devices").json()
    device = next(each for each in waiting["waiting"] if each["claimed"] == "NEW")
    assert _ask(operator, first, f"/api/access/devices/{device['id']}/admit", json={"name": "new"}).status_code == 200
    assert _send(first, camera="NEW") == 200
    _soon(lambda: _send(second, camera="NEW") == 200, "the admission at the other hub")
    time.sleep(0.05)
    assert _ask(operator, second, f"/api/access/devices/{device['id']}/block", json={}).status_code == 200
    _soon(lambda: _send(first, camera="NEW") in (401, 403), "the block at the other hub")


def test_the_watchlist_and_rules_are_shared(pair: list[HubProcess], operator: Any) -> None:
    first, second = pair
    entry = {"plate": "SHR123", "action": "deny"}
    assert _ask(operator, first, "/api/watchlist", json=entry).status_code in (200, 201)

    def listed() -> bool:
        return "SHR123" in _ask(operator, second, "/api/watchlist").text

    _soon(listed, "the entry at the other hub")
    rule = {"name": "mine", "when": {"kind": "capture_failed"}}
    added = _ask(operator, first, "/api/rules", json=rule)
    assert added.status_code in (200, 201), added.text
    _soon(lambda: '"mine"' in _ask(operator, second, "/api/rules").text, "the rule at the other hub")


def test_the_stop_of_all_barriers_is_shared_and_durable_at_both_hubs(pair: list[HubProcess], operator: Any) -> None:
    first, second = pair

    def stopped(hub: HubProcess) -> bool:
        kept = hub.instance / "barriers_stopped.json"
        shown = _ask(operator, hub, "/api/barriers").json()["stopped"]
        return shown and kept.exists() and json.loads(kept.read_text())["stopped"]

    assert _ask(operator, first, "/api/barriers/stop", json={"stopped": True}).status_code == 200
    _soon(lambda: stopped(second), "the stop at the other hub")
    assert _ask(operator, second, "/api/barriers/stop", json={"stopped": False}).status_code == 200
    _soon(lambda: not stopped(first), "the release at the other hub")
    assert not stopped(second)
