"""The shipped nginx in front of two hubs on one database, with the clients of the wire documents."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from tests.support import stores
from tests.support.cluster import Cluster
from tests.support.front import MISSING, nginx
from tests.support.helpers import capture_result, jpeg, wait_for
from tests.support.hosts import TEST_NETWORK, other_hosts
from tests.support.lpr import Client, g4
from tests.support.site import all_accepted, running
from tests.support.site_device import KINDS
from tests.support.tags import TOKEN, WELCOME, record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(nginx() is None, reason=MISSING),
    pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER),
]

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 9)]
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    environ = {"HUB_TRUSTED_NETWORKS": TEST_NETWORK, "HUB_APRILTAG_TOKEN": TOKEN}
    with Cluster(tmp_path_factory.mktemp("cluster"), **environ) as running_cluster:
        yield running_cluster


def client_at(address: str, token: str = "") -> requests.Session:
    """A client at this address of 127.0.0.0/8."""
    session = requests.Session()
    session.get_adapter("http://").init_poolmanager(1, 1, source_address=(address, 0))
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def sessions(cluster: Cluster) -> list[int]:
    """How many Socket.IO sessions each hub has."""
    return [hub.get("/status")["socketio"]["sessions"]["open"] for hub in cluster.hubs]


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="+".join)
def test_a_socketio_session_stays_at_its_hub(cluster: Cluster, transports: list[str]) -> None:
    """Sessions that poll come from several addresses; an upgrade comes from the address of its polls. A WebSocket alone
    goes to a hub by chance: all 16 to the same one once in 30,000 runs.
    """
    before = sessions(cluster)
    addresses = ADDRESSES if transports == ["polling"] else ["127.0.0.1"] * 2 * len(ADDRESSES)
    token = {"Authorization": f"Bearer {cluster.token}"}
    clients: list[Client] = []
    try:
        for address in addresses:
            url = f"http://127.0.0.1:{cluster.front.side['lpr']}"
            clients.append(
                Client(url, session=client_at(address), transports=transports, headers=token, wait_timeout=10)
            )
        for _ in range(5):
            for client in clients:
                client.emit("lpr_data", g4())
            for client in clients:
                assert client.hear("lpr_response")["status"] == "success"
        opened = [now - old for now, old in zip(sessions(cluster), before, strict=True)]
        assert sum(opened) == len(clients)
        assert min(opened) > 0 or len(transports) == 2
        assert {client.transport() for client in clients} == {transports[-1]}
    finally:
        for client in clients:
            client.disconnect()
    wait_for(lambda: sessions(cluster) == before, what="the sessions' end")


def test_records_over_rest_are_spread_and_stored_once(cluster: Cluster) -> None:
    bodies = [g4() for _ in ADDRESSES]
    answers = [
        client_at(address, cluster.token).post(f"{cluster.front.url}/api/detection", json=body, timeout=10)
        for body, address in zip(bodies * 2, ADDRESSES + ADDRESSES[::-1], strict=True)
    ]
    assert [answer.status_code for answer in answers] == [200] * 2 * len(ADDRESSES)
    ids = [answer.json()["detection_id"] for answer in answers]
    assert ids[: len(ADDRESSES)] == ids[len(ADDRESSES) :]
    log = [line.split() for line in cluster.front.text().splitlines() if "/api/detection" in line]
    assert {line[6] for line in log} == {f"127.0.0.1:{hub.port}" for hub in cluster.hubs}


def test_raw_websockets_of_every_port(cluster: Cluster) -> None:
    side = cluster.front.side

    def opened(port: int, path: str = "/") -> websocket.WebSocket:
        return websocket.create_connection(f"ws://127.0.0.1:{port}{path}?token={cluster.token}", timeout=10)

    camera, station = opened(side["lpr"]), opened(side["results"])
    camera.send(json.dumps(g4()))
    assert json.loads(camera.recv())["status"] == "success"
    station.send(json.dumps(capture_result(event_id="through nginx")))
    assert json.loads(station.recv())["success"] is True
    for port in (cluster.front.port, side["apriltag"]):
        for path in ("/", "/websocket"):
            board = opened(port, path)
            assert json.loads(board.recv()) == WELCOME
            board.close()
    with pytest.raises(websocket.WebSocketBadStatusException):
        opened(side["images"])
    camera.close()
    station.close()


def viewer(cluster: Cluster) -> requests.Session:
    """A browser at 127.0.0.1 in which somebody has logged in."""
    browser = client_at("127.0.0.1")
    browser.headers["Origin"] = cluster.front.url
    password = (cluster.hubs[0].instance / "admin_password.txt").read_text("utf-8").strip()
    answer = browser.post(f"{cluster.front.url}/login", json={"name": "admin", "password": password}, timeout=10)
    assert answer.status_code == 200, answer.text
    return browser


def test_live_pictures_and_stored_ones(cluster: Cluster) -> None:
    picture = jpeg()
    client = client_at("127.0.0.1", cluster.token)
    sent = client.post(f"{cluster.front.url}/api/cameras/front/frame", data=picture, timeout=10)
    assert sent.status_code == 200, sent.text
    with viewer(cluster) as browser:
        seen = browser.get(f"{cluster.front.url}/video/stream?camera=front", stream=True, timeout=10)
        assert seen.status_code == 200, seen.text
        received, pieces = b"", seen.iter_content(64)
        while picture not in received:
            received += next(pieces)
    files = {"result": (None, json.dumps(capture_result(event_id="picture"))), "primary": ("p.jpg", picture)}
    stored = client.post(f"{cluster.front.url}/api/captures", files=files, timeout=10)
    assert stored.status_code == 201, stored.text
    name = stored.json()["primary_image_url"].rpartition("/")[2]
    shown = client.get(f"http://127.0.0.1:{cluster.front.side['images']}/images/{name}", timeout=10)
    assert shown.status_code == 200 and shown.content == picture


def test_nobody_names_another_address(cluster: Cluster) -> None:
    """Neither through nginx, which leaves out what a sender says, nor at a hub itself, which believes nginx only."""
    trusted = TEST_NETWORK.replace(".0/15", ".9")
    for url in (cluster.front.url, *(hub.url for hub in cluster.hubs)):
        for address in ("127.0.0.1", "127.0.1.1"):
            for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
                value = f"for={trusted}" if name == "Forwarded" else trusted
                answer = client_at(address).post(f"{url}/api/detection", json=g4(), headers={name: value}, timeout=10)
                assert answer.status_code == 401, (url, address, name)
    ignored = [hub.get("/status")["udp"]["ignored"] for hub in cluster.hubs]
    datagram = f"PROXY TCP4 {trusted} 127.0.0.1 5200 5200\r\n{json.dumps(record())}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        for port in (cluster.front.side["apriltag_udp"], *(hub.side["apriltag_udp"] for hub in cluster.hubs)):
            board.sendto(datagram, ("127.0.0.1", port))
    names = ("proxy names no sender", "not a JSON object")

    def refused() -> list[int]:
        now = [hub.get("/status")["udp"]["ignored"] for hub in cluster.hubs]
        return [
            sum(new.get(name, 0) - old.get(name, 0) for new, old in zip(now, ignored, strict=True)) for name in names
        ]

    wait_for(lambda: refused() == [1, 2], 10, "three datagrams' refusal")


def test_a_refusal_is_the_hubs_own_and_reads_no_body(cluster: Cluster) -> None:
    stranger, device = client_at("127.0.1.1"), client_at("127.0.1.1", cluster.token)
    for client, size, status in ((stranger, 5 * MEGABYTE, 401), (device, 70 * MEGABYTE, 413)):
        answer = client.post(f"{cluster.front.url}/api/detection", data=bytes(size), timeout=30)
        assert answer.status_code == status and answer.json()["success"] is False


def test_what_nginx_itself_answers_is_json(cluster: Cluster) -> None:
    with socket.create_connection(("127.0.0.1", cluster.front.port), 10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n: x\r\nHost: a b\r\n\r\n")
        head, _, body = sock.makefile("rb").read().partition(b"\r\n\r\n")
    assert b" 400 " in head and json.loads(body)["success"] is False


def test_requests_of_http_1_0_without_host(cluster: Cluster) -> None:
    with socket.create_connection(("127.0.0.1", cluster.front.port), 10) as sock:
        sock.sendall(f"GET /api/test HTTP/1.0\r\nX-API-Key: {cluster.token}\r\n\r\n".encode())
        assert b" 200 " in sock.makefile("rb").readline()


def test_tokens_are_in_no_log(cluster: Cluster) -> None:
    text = cluster.front.text()
    assert "/api/detection" in text and cluster.token not in text


def test_each_device_of_a_site_works_unmodified(cluster: Cluster, tmp_path: Path) -> None:
    """Every kind of device on a host of its own; the hubs know its address, datagrams included."""
    with (
        other_hosts(len(KINDS) + 1) as hosts,
        running(cluster.front, hosts, tmp_path, TOKEN) as programs,
    ):
        all_accepted(cluster.hubs, programs)
        assert not any(program.refused() for program in programs.values())


def test_a_hub_that_dies_is_left_out_until_it_is_back(cluster: Cluster) -> None:
    first, second = cluster.hubs

    def statuses() -> set[int]:
        return {
            client_at(address, cluster.token)
            .post(f"{cluster.front.url}/api/detection", json=g4(), timeout=10)
            .status_code
            for address in ADDRESSES
        }

    first.kill()
    try:
        assert statuses() == {200}
        second.kill()
        answer = client_at("127.0.0.1").get(f"{cluster.front.url}/api/test", timeout=10)
        assert answer.status_code == 503 and answer.headers["Retry-After"] == "2"
        assert answer.json()["success"] is False
    finally:
        first.start()
        second.start()
    wait_for(lambda: statuses() == {200}, 10, "both hubs' being served again")


def test_a_hub_that_is_back_takes_all_websockets_at_once(cluster: Cluster) -> None:
    """Also where nginx has seen it fail, and nothing but WebSockets comes."""
    first, second = cluster.hubs
    url = f"ws://127.0.0.1:{cluster.front.side['lpr']}/?token={cluster.token}"

    def opened() -> list[websocket.WebSocket]:
        return [websocket.create_connection(url, timeout=10) for _ in range(10)]

    second.kill()
    some = opened()
    second.start()
    first.kill()
    try:
        some += opened()
    finally:
        first.start()
        for client in some:
            client.shutdown()
