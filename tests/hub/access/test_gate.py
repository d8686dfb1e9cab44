"""Only this machine is served, until the operator lets others in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import websocket

from hub import close, create_app
from hub.access.declare import requirement_of
from hub.settings.file import load
from tests.support.helpers import HubProcess
from tests.support.hosts import other_hosts

pytestmark = pytest.mark.slow


STRANGER = {"REMOTE_ADDR": "192.0.2.5"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/captures",
        "/api/records",
        "/images/x.jpg",
        "/photo",
        "/status",
        "/events",
        "/video/stream",
        "/api/tracking",
        "/upload-embedding",
        "/nothing",
    ],
)
def test_strangers_get_401_with_a_sentence(shared_client, path: str) -> None:
    for send in (shared_client.get, shared_client.post, shared_client.put, shared_client.delete):
        answer = send(path, environ_base=STRANGER)
        assert answer.status_code == 401, send
        assert answer.json["success"] is False and answer.json["message"].endswith(".")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/api/test", "/api/statistics", "/static/gatehouse.css", "/socket.io/?EIO=4&transport=polling"]
)
def test_what_is_open_to_all(shared_client, path: str) -> None:
    with shared_client.get(path, environ_base=STRANGER) as answer:
        assert answer.status_code == 200


def test_a_browser_of_a_stranger_is_led_to_the_login(shared_client) -> None:
    answer = shared_client.get("/plates", environ_base=STRANGER, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/plates")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:5000"}, 200),
        ({"Host": "[::1]:5000"}, 200),
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://localhost:8080"}, 200),
        ({"Origin": "http://127.0.0.1:5000"}, 200),
        ({"Origin": "file://"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "null"}, 403),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"X-Real-IP": "127.0.0.1"}, 401),
        ({"Forwarded": "for=127.0.0.1"}, 401),
    ],
)
def test_foreign_pages_names_and_proxies(shared_client, headers: dict, status: int) -> None:
    assert shared_client.get("/api/captures", headers=headers).status_code == status


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The client of a hub with a trusted network, a name and a proxy."""
    environ = {
        "HUB_TRUSTED_NETWORKS": "192.168.7.0/24,fd00::/8",
        "HUB_ACCESS_HOSTNAMES": "hub.site.example",
        "HUB_ACCESS_TRUSTED_PROXY": "10.9.9.9",
        "HUB_ACCESS_LOCAL_ADMIN": "false",
    }
    app = create_app(load(tmp_path_factory.mktemp("site") / "instance", {}, environ))
    yield app.test_client()
    close(app)


LAN = "192.168.7.20"
DETECTION = {"camera_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["ABC1234"]}


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (LAN, {"Host": "192.168.7.2:5000"}, 200),
        ("fd00::5", {"Host": "[fd00::1]"}, 200),
        (LAN, {"Host": "hub.site.example:8765"}, 200),
        (LAN, {"Host": "evil.example"}, 401),
        (LAN, {"Host": "192.168.7.2", "Origin": "http://evil.example"}, 403),
        (LAN, {"Host": "192.168.7.2", "Origin": "http://192.168.7.2:5000"}, 200),
        (LAN, {"Host": "192.168.7.2", "X-Forwarded-For": LAN}, 401),
        ("192.168.8.20", {"Host": "192.168.7.2"}, 401),
        ("192.168.8.20", {"Host": "192.168.7.2", "X-Forwarded-For": LAN}, 401),
        ("10.9.9.9", {"Host": "192.168.7.2", "X-Forwarded-For": f"127.0.0.1, {LAN}"}, 200),
        ("10.9.9.9", {"Host": "192.168.7.2", "X-Forwarded-For": f"{LAN}, 8.8.8.8"}, 401),
        ("10.9.9.9", {"Host": "127.0.0.1", "X-Forwarded-For": "127.0.0.1"}, 401),
        ("10.9.9.9", {"Host": "192.168.7.2", "X-Forwarded-For": "nonsense"}, 401),
        ("10.9.9.9", {"Host": "192.168.7.2"}, 401),
    ],
)
def test_who_may_send_records(site, address: str, headers: dict, status: int) -> None:
    answer = site.post("/api/detection", json=DETECTION, headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status, answer.text


def test_a_trusted_network_administers_nothing(site) -> None:
    lan = {"REMOTE_ADDR": LAN}
    for path in ("/status", "/plates", "/api/watchlist", "/api/records", "/api/devices"):
        answer = site.get(path, environ_base=lan)
        assert answer.status_code == 403 and "role" in answer.json["message"]
    assert site.post("/api/watchlist", json={"plate": "ABC"}, environ_base=lan).status_code == 403


def test_this_machine_sends_but_does_not_administer_where_people_log_in(site) -> None:
    assert site.post("/api/detection", json=DETECTION).status_code == 200
    answer = site.get("/api/records")
    assert answer.status_code == 401 and "/login" in answer.json["message"]


def test_every_route_socket_and_event_declares_a_role(shared_app) -> None:
    hub = shared_app.extensions["gatehouse"]
    undeclared = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in shared_app.url_map.iter_rules()
        if rule.endpoint != "static" and requirement_of(shared_app.view_functions[rule.endpoint]) is None
    ]
    assert undeclared == []
    assert len(hub.websockets.declared()) >= 8
    events = set(hub.socketio.server.handlers["/"]) - {"connect"}
    assert events == set(hub.event_access.declared)


ASK = """
import json, sys, requests, websocket
address, main, results = sys.argv[1:]
answer = requests.get(f"http://{address}:{main}/api/captures", timeout=10)
try:
    websocket.create_connection(f"ws://{address}:{results}", timeout=10)
    upgrade = 101
except websocket.WebSocketBadStatusException as error:
    upgrade = error.status_code
print(json.dumps([answer.status_code, answer.json(), upgrade]))
"""


def test_another_host_is_refused_on_every_port(hub: HubProcess) -> None:
    with other_hosts(1) as (host,):
        status, body, upgrade = json.loads(host.python(ASK, host.hub, hub.port, hub.side["results"]))
    assert (status, upgrade) == (401, 401)
    assert body["success"] is False and "/devices" in body["message"]
    websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10).close()
