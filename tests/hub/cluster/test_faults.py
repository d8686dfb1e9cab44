"""Redis that is away, refuses or is shared with hubs of other keys: the hub says so, and goes on where it can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.support import stores
from tests.support.helpers import HubProcess, capture_result, free_ports, run_app, wait_for
from tests.support.hubs import hubs, know_each_other, live, one_hub
from tests.support.redis_server import MISSING, RedisServer, redis_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER),
    pytest.mark.skipif(redis_server() is None, reason=MISSING),
]
SECONDS = 20.0


def capture(hub: HubProcess, tag: str) -> str:
    """The id of a new capture."""
    answer = requests.post(hub.url + "/api/captures", json=capture_result(tag), timeout=SECONDS)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_hubs_go_on_without_redis_and_pages_catch_up_when_it_is_back(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis, hubs(tmp_path, redis.url) as (one, other):
        know_each_other(one, other)
        page = websocket.create_connection(f"ws://127.0.0.1:{other.port}/events", timeout=SECONDS)
        wait_for(lambda: "pages" in live(one)["hubs"][0]["topics"], what="the interest in pages")
        first = capture(one, "BEFORE")
        assert next_of(page, "capture")["capture"]["id"] == first

        redis.stop()
        for hub in (one, other):
            wait_for(lambda hub=hub: not live(hub)["connected"], what="the hub's noticing")
            (warning,) = [text for text in hub.get("/status")["warnings"] if "Redis" in text]
            assert f"redis://127.0.0.1:{redis.port}/0" in warning and "stores and serves its own clients" in warning
        missed = [capture(one, f"AWAY{number}") for number in range(30)]
        own = capture(other, "OWN")
        assert next_of(page, "capture")["capture"]["id"] == own  # its own clients are served as before

        redis.start()
        next_of(page, "catch_up")
        know_each_other(one, other)
        found = missed_records(page, own)
        assert set(missed) <= found  # although they have smaller numbers than the last one that the page got
        assert not [text for text in other.get("/status")["warnings"] if "Redis" in text]
        again = capture(one, "AGAIN")
        assert next_of(page, "capture")["capture"]["id"] == again
        page.close()


def next_of(page: websocket.WebSocket, event: str) -> dict[str, Any]:
    """The next message of this name; others are skipped."""
    while (message := json.loads(page.recv())).get("event") != event:
        assert message["event"] != "error", message
    return message


def missed_records(page: websocket.WebSocket, after: str) -> set[str]:
    """The ids of what a page asks for that has got the capture `after` last."""
    found: set[str] = set()
    cursor = None
    while True:
        page.send(json.dumps({"ask": "missed", "kind": "capture", "after": after, "cursor": cursor}))
        reply = next_of(page, "missed")
        found |= {record["id"] for record in reply["records"]}
        cursor = reply["cursor"]
        if cursor is None:
            return found


def test_a_hub_starts_without_redis_and_says_so(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with hubs(tmp_path, f"redis://:geheim@127.0.0.1:{port}/0", 1) as (hub,):
        sentence = f"Redis at redis://127.0.0.1:{port}/0 cannot be used: connection refused"
        assert sentence in hub.text()
        assert any(sentence in text for text in hub.get("/status")["warnings"])
        capture(hub, "ALONE")
        assert "geheim" not in hub.text() + (hub.instance / "hub.log").read_text() + json.dumps(hub.get("/status"))


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """The variable of a database of the test's own."""
    name = stores.new_database()
    yield {"HUB_STORE_URL": stores.url(name)}
    stores.server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "redis://:wrong-one@127.0.0.1:{port}/0"])
def test_a_missing_or_wrong_password_ends_the_start_with_a_sentence(
    tmp_path: Path, database: dict[str, str], address: str
) -> None:
    with RedisServer(tmp_path, "right-one") as redis:
        live_url = address.format(port=redis.port)
        ended = run_app("--instance", tmp_path / "hub", "--port", 0, HUB_LIVE_URL=live_url, **database)
    assert ended.returncode == 1
    (line,) = (each for each in ended.stderr.splitlines() if each.startswith("Redis at "))
    assert line.startswith(f"Redis at redis://127.0.0.1:{redis.port}/0 refuses this hub: correct the user")
    assert "wrong-one" not in ended.stderr + ended.stdout and "Traceback" not in ended.stderr


def test_an_address_that_is_none_ends_the_start_with_a_sentence(tmp_path: Path, database: dict[str, str]) -> None:
    ended = run_app("--instance", tmp_path / "hub", HUB_LIVE_URL="redis://:pass/word@127.0.0.1:x/0", **database)
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1].startswith("live.url cannot be read; it is redis://")
    assert "word" not in ended.stderr.replace("PASSWORD", "").replace("password", "")


def test_hubs_without_a_common_database_do_not_start(tmp_path: Path) -> None:
    ended = run_app("--instance", tmp_path / "hub", HUB_LIVE_URL="redis://127.0.0.1/0")
    assert ended.returncode == 2 and "url of [store] is missing" in ended.stderr


def test_a_hub_with_other_keys_does_not_start(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis, hubs(tmp_path, redis.url, 1) as (one,):
        wait_for(lambda: live(one)["connected"], what="the hub's being at Redis")
        stranger = one_hub(tmp_path, 1, one.environ["HUB_STORE_URL"].rpartition("/")[2], redis.url)
        (stranger.instance / "session_key").write_text("ab" * 32)
        keys = ("HUB_STORE_URL", "HUB_LIVE_URL", "HUB_LIVE_PREFIX")
        ended = run_app("--instance", stranger.instance, "--port", 0, **{key: stranger.environ[key] for key in keys})
    assert ended.returncode == 1
    assert "Another hub on this database has other secrets (session_key" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_others_write_into_redis_is_refused(tmp_path: Path) -> None:
    import redis as library

    with RedisServer(tmp_path) as redis, hubs(tmp_path, redis.url, 1) as (hub,):
        wait_for(lambda: live(hub)["connected"], what="the hub's being at Redis")
        prefix = hub.environ["HUB_LIVE_PREFIX"]
        page = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=SECONDS)
        next_of(page, "catch_up")
        with library.Redis(port=redis.port) as writer:
            stranger = b"GH1" + b"a" * 32
            for channel, payload in (
                ("live:pages", b'{"event":"capture"}'),
                ("live:pages", stranger + b'{"event":"capture"}'),
                ("hubs", b"{"),
                ("hubs", b'{"hub":"' + b"a" * 32 + b'","name":"x","session":1,"topics":[],"keys":{}}'),
                ("live:pages", stranger + b"no JSON"),
                ("live:pages", stranger + b'{"a":"' + b"x" * 300_000 + b'"}'),
                ("live:readings", stranger + b'{"board":1}\n{}'),
                ("live:cameras", stranger + b"[[[["),
                ("live:stations", stranger + b'[{"status":{}}]'),
                ("live:boards", stranger + b'[{"address":"x"}]'),
                ("socketio", b'{"method":"callback"}'),
                ("socketio", b'{"method":"emit","event":5,"data":[]}'),
            ):
                writer.publish(f"{prefix}:{channel}", payload)
            writer.publish(f"{prefix}:live:pages", stranger + b'{"event":"last"}')
            assert next_of(page, "last")
            refused = live(hub)["refused"]
            assert refused == {
                "not of a hub": 1,
                "of an unknown hub": 1,
                "no hello": 1,
                "pages": 2,
                "readings": 1,
                "cameras": 1,
                "stations": 1,
                "boards": 1,
                "socketio": 2,
            }
            writer.publish(f"{prefix}:live:pages", bytes(64 * 1024 * 1024))  # ends the connection before it is read
        wait_for(lambda: live(hub)["failures"] and live(hub)["connected"], what="the hub's being back")
        page.close()
