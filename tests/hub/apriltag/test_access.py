"""Access to the addresses of AprilTag boards and games by network, host and origin, and that it opens nothing else."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from hub import close, create_app
from hub.access.networks import Networks
from hub.settings.file import load
from tests.support import ws
from tests.support.helpers import HubProcess
from tests.support.tags import record

pytestmark = pytest.mark.slow

TOKEN = "Geheim333!!!"
PICTURE = "/client_e32__http_post_to_serverhub__smartcam_video_stream"
POLL = "/client_gdevelop_to_server__smartcam_data_get"
LAN = "192.168.7.20"
MB = 1024 * 1024


@pytest.fixture
def lan_client(tmp_path: Path) -> Any:
    app = create_app(
        load(
            tmp_path / "instance",
            {},
            {"HUB_APRILTAG_NETWORKS": "192.168.7.0/24, fd00::/8", "HUB_APRILTAG_TOKEN": TOKEN},
        )
    )
    yield app.test_client()
    close(app)


def post(client: Any, address: str, path: str = "/apriltag", **headers: str) -> Any:
    return client.post(
        path, json=record(), headers={"Authorization": TOKEN, **headers}, environ_base={"REMOTE_ADDR": address}
    )


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.168.7.1", True),
        ("::ffff:192.168.7.1", True),
        ("192.168.8.1", False),
        ("fd12::9", True),
        ("fe80::1%eth0", False),
        ("10.0.0.4", True),
        ("10.0.0.5", False),
        ("", False),
        ("x", False),
    ],
)
def test_networks(address: str, inside: bool) -> None:
    networks = Networks(["192.168.7.77/24", "fd00::/8", "10.0.0.4"])
    assert (address in networks) is inside and (address in networks) is inside


@pytest.mark.parametrize(
    ("address", "status"), [(LAN, 200), ("fd00::5", 200), ("127.0.0.1", 200), ("192.168.8.20", 200), ("8.8.8.8", 200)]
)
def test_whoever_has_the_token_may_post_readings(lan_client: Any, address: str, status: int) -> None:
    for path in ("/apriltag", "/apriltag/"):
        answer = post(lan_client, address, path, Host="192.168.7.2:5000")
        assert answer.status_code == status
        wrong = post(lan_client, address, path, Authorization="another")
        assert wrong.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/apriltags",
        "/api/captures",
        "/status",
        "/connection_uptime",
        "/video",
        PICTURE,
    ],
)
def test_a_board_network_reaches_nothing_else(lan_client: Any, path: str) -> None:
    assert lan_client.get(path, environ_base={"REMOTE_ADDR": LAN}).status_code == 401
    assert path == PICTURE or lan_client.post(path, environ_base={"REMOTE_ADDR": LAN}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "192.168.7.2:5000"}, 400),
        ({"Host": "[fd00::1]:5100"}, 400),
        ({"Host": "localhost"}, 400),
        ({"Host": "evil.example"}, 401),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 400),
    ],
)
def test_hosts_pages_and_proxies_at_the_picture(lan_client: Any, headers: dict[str, str], status: int) -> None:
    """400: it was let in, and is no JPEG."""
    answer = lan_client.post(PICTURE, data=b"x", headers=headers, environ_base={"REMOTE_ADDR": LAN})
    assert answer.status_code == status


def test_the_poll_is_for_pages_of_any_origin_but_not_for_other_names(lan_client: Any) -> None:
    def poll(address: str = LAN, **headers: str) -> int:
        return lan_client.get(POLL, headers=headers, environ_base={"REMOTE_ADDR": address}).status_code

    assert (
        poll(Origin="https://game.example")
        == poll(Origin="null")
        == poll("127.0.0.1", Origin="https://game.example")
        == 200
    )
    assert poll("192.168.9.1") == poll(Host="evil.example") == poll(Forwarded="for=127.0.0.1") == 401


def test_pictures_without_a_token_come_from_trusted_networks_only(lan_client: Any) -> None:
    def picture(address: str, **headers: str) -> int:
        return lan_client.post(PICTURE, data=b"x", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code

    assert picture(LAN) == picture("127.0.0.1") == 400 and picture(LAN, Origin="null") == 403
    assert picture("192.168.8.1") == 401


@pytest.mark.parametrize("listener", ["main", "apriltag"])
@pytest.mark.parametrize("path", ["/", "/websocket"])
def test_a_foreign_host_name_makes_no_game(hub: HubProcess, listener: str, path: str) -> None:
    """The socket stays open, since a board connects only once; but it hears nothing."""
    port = hub.port if listener == "main" else hub.side["apriltag"]
    identify = ws.frame(1, b'{"event":"identify","data":{"type":"gdevelop","name":"x"}}')
    for host, event in (("evil.example", "auth_failed"), ("127.0.0.1", "identify_success")):
        with ws.connect(port) as sock:
            sock.sendall(ws.upgrade_request(path, Host=host, Origin="https://evil.example"))
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(1)
            assert answer.startswith(b"HTTP/1.1 101 ")
            assert json.loads(ws.read_frame(sock)[1])["event"] == "connection_success"
            sock.sendall(identify)
            assert json.loads(ws.read_frame(sock)[1])["event"] == event


@pytest.mark.parametrize(
    ("listener", "path"),
    [("results", "/"), ("lpr", "/"), ("main", "/events"), ("main", "/socket.io/?EIO=4&transport=websocket")],
)
def test_other_websockets_keep_their_list_of_origins(hub: HubProcess, listener: str, path: str) -> None:
    port = hub.port if listener == "main" else hub.side[listener]
    with ws.connect(port) as sock:
        sock.sendall(ws.upgrade_request(path, Origin="https://evil.example"))
        assert sock.recv(64).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("listener", "path"),
    [("lpr", "/"), ("results", "/"), ("main", "/"), ("apriltag", "/"), ("main", "/events"), ("main", "/ws/video")],
)
def test_a_20_mb_message_is_refused_at_its_header(hub: HubProcess, listener: str, path: str) -> None:
    port = hub.port if listener == "main" else hub.side[listener]
    before = hub.get("/status")["memory_mb"]
    with ws.open_raw(port, path) as sock:
        sock.sendall(ws.frame(2, b"", announced=20 * MB))
        try:
            for _ in range(20):
                sock.sendall(bytes(MB))
        except (ConnectionError, TimeoutError):
            pass
        seen = b""
        while b"\x03\xf1" not in seen:
            piece = sock.recv(65536)
            assert piece, f"closed without 1009: {seen[-100:]!r}"
            seen += piece
    assert hub.get("/status")["memory_mb"] - before < 12
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        pass
