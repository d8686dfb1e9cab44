"""TLS on every TCP port of a real hub: REST, Socket.IO, raw WebSockets, live pictures; handshakes that never end."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import socketio
import websocket

from hub.net.certificates import (
    CertificateError,
    expiry,
    expiry_warnings,
    is_of_authority,
    make_certificates,
    own_machine_host,
)
from tests.support.helpers import jpeg, run_app, wait_for
from tests.support.tls import OWN, TlsHub, make_certificate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    instance = tmp_path_factory.mktemp("tls") / "instance"
    made = run_app("make-cert", "hub.site.example", "--instance", str(instance))
    assert made.returncode == 0, made.stderr
    assert 'tls_cert = "tls/server.pem"' in made.stdout and "hub.site.example" in made.stdout
    with TlsHub(instance) as process:
        yield process
        assert "Traceback" not in process.text()


def context(hub: TlsHub) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=hub.authority)


def test_every_port_speaks_tls_with_the_sites_authority(hub: TlsHub) -> None:
    for port in hub.ports():
        answer = requests.get(f"https://127.0.0.1:{port}/api/test", verify=hub.authority, timeout=10)
        assert answer.status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{hub.url}/api/test", timeout=10)
    ready = json.loads((hub.instance / "hub.ready.json").read_text())
    assert ready["url"] == f"{hub.url}/"
    assert f"wss://127.0.0.1:{hub.side['results']}" in hub.text()


def test_keep_alive_large_bodies_and_links(hub: TlsHub) -> None:
    with requests.Session() as session:
        session.trust_env, session.verify = False, hub.authority
        record = {"camera_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["ABC1234"]}
        for number in range(5):
            answer = session.post(f"{hub.url}/api/detection", json={**record, "event_id": str(number)}, timeout=10)
            assert answer.json()["success"] is True
        files = {"result": (None, '{"tag": "E1"}'), "primary": jpeg(2000, 1500)}
        stored = session.post(f"{hub.url}/api/captures", files=files, timeout=20).json()
        link = stored["primary_image_url"]
        assert link.startswith("https://127.0.0.1:")
        assert session.get(link, timeout=10).content == files["primary"]


def test_a_session_cookie_goes_over_tls_only(hub: TlsHub) -> None:
    password = (hub.instance / "admin_password.txt").read_text("utf-8").strip()
    login = {"name": "admin", "password": password}
    answer = requests.post(f"{hub.url}/login", json=login, verify=hub.authority, timeout=10)
    assert "; Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("megabytes", [65, 100])
def test_a_body_over_the_limit_gets_its_413_while_it_is_still_sent(hub: TlsHub, megabytes: int) -> None:
    headers = {"Content-Type": "application/json"}
    body = bytes(megabytes * 1024 * 1024)
    answer = requests.post(f"{hub.url}/api/detection", body, headers=headers, verify=hub.authority, timeout=30)
    assert answer.status_code == 413 and "64 MB" in answer.json()["message"]


def test_sockets_of_every_kind(hub: TlsHub) -> None:
    options = {"ca_certs": hub.authority}
    listener = websocket.create_connection(f"wss://127.0.0.1:{hub.side['results']}", sslopt=options, timeout=10)
    camera = websocket.create_connection(f"wss://127.0.0.1:{hub.side['lpr']}", sslopt=options, timeout=10)
    camera.send(json.dumps({"camera_id": "2", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["XYZ1"]}))
    assert json.loads(camera.recv())["success"] is True
    board = websocket.create_connection(f"wss://127.0.0.1:{hub.side['apriltag']}", sslopt=options, timeout=10)
    assert json.loads(board.recv())["event"] == "connection_success"
    with requests.Session() as http:
        http.trust_env, http.verify = False, hub.authority
        client = socketio.SimpleClient(http_session=http, ssl_verify=True)
        client.connect(hub.url, transports=["polling"])
        assert client.call("capture_result", {"tag": "E2"})["success"] is True
        client.disconnect()
    assert json.loads(listener.recv())["tag"] == "E2"
    assert requests.post(f"{hub.url}/api/cameras/yard/frame", data=jpeg(), verify=hub.authority, timeout=10).ok
    viewer = websocket.create_connection(f"wss://127.0.0.1:{hub.port}/ws/video?camera=yard", sslopt=options, timeout=10)
    for _ in range(3):
        assert jpeg() in viewer.recv()
        requests.post(f"{hub.url}/api/cameras/yard/frame", data=jpeg(), verify=hub.authority, timeout=10)
    for one in (listener, camera, board, viewer):
        one.close()


def test_plain_http_is_told_and_half_handshakes_delay_nobody(hub: TlsHub) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = plain.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 426 ") and b"\r\nUpgrade: TLS/1.2" in answer and b"https://" in answer
    half = [socket.create_connection(("127.0.0.1", hub.port), timeout=10) for _ in range(50)]
    for number, sock in enumerate(half):
        sock.sendall(b"\x16\x03\x01\x02\x00\x01"[: 1 + number % 6])
    began = time.monotonic()
    for _ in range(5):
        assert requests.get(f"{hub.url}/api/test", verify=hub.authority, timeout=10).status_code == 200
    assert time.monotonic() - began < 5
    for sock in half:
        sock.close()
    status = lambda: requests.get(f"{hub.url}/status", verify=hub.authority, timeout=10).json()  # noqa: E731
    wait_for(lambda: status()["connections"]["connections"] < 20, what="the end of the half-open ones")


def test_bytes_that_are_no_handshake_end_the_connection(hub: TlsHub) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as sock:
        sock.sendall(b"\x16" + bytes(500))
        try:
            assert len(sock.recv(1000)) < 100  # an alert, or the end
        except ConnectionResetError:
            pass
    with context(hub).wrap_socket(
        socket.create_connection(("127.0.0.1", hub.port)), server_hostname="localhost"
    ) as tls:
        assert tls.version() == "TLSv1.3"


def test_a_new_certificate_is_served_without_a_restart(hub: TlsHub) -> None:
    address = ("127.0.0.1", hub.port)
    with requests.Session() as session:
        session.trust_env, session.verify = False, hub.authority
        before = ssl.get_server_certificate(address)
        number = hub.process.pid
        assert session.get(f"{hub.url}/api/test", timeout=10).ok
        make_certificate(hub.folder, [*OWN, "new.site.example"])
        wait_for(lambda: ssl.get_server_certificate(address) != before, what="the new certificate")
        assert session.get(f"{hub.url}/api/test", timeout=10).ok  # over the connection from before
        tls = context(hub).wrap_socket(
            socket.create_connection(address, timeout=10), server_hostname="new.site.example"
        )
        tls.close()
        made = ssl.get_server_certificate(address)
        (hub.folder / "server-key.pem").write_bytes((hub.folder / "authority-key.pem").read_bytes())
        warnings = lambda: session.get(f"{hub.url}/status", timeout=10).json()["warnings"]  # noqa: E731
        wait_for(lambda: "cannot be used with its key" in "".join(warnings()), what="the warning")
        assert ssl.get_server_certificate(address) == made
        make_certificate(hub.folder, days_ago=900)
        wait_for(lambda: "has expired" in "".join(warnings()), what="the other warning")
        assert len(warnings()) == 1 and ssl.get_server_certificate(address) != made
        make_certificate(hub.folder)
        wait_for(lambda: not warnings(), what="a certificate that is in order")
        assert hub.process.pid == number and hub.process.poll() is None


def test_settings_that_cannot_be_used_are_sentences(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    for text in (
        'tls_cert = "a.pem"\n',
        'tls_cert = "a.pem"\ntls_key = "b.pem"\n',
        'tls_cert = "hub.toml"\ntls_key = "hub.toml"\n',
    ):
        (instance / "hub.toml").write_text(text, "utf-8")
        for command in ("check-config", "run"):
            done = run_app(command, "--instance", str(instance), "--port", "0")
            assert done.returncode == 2 and "tls_" in done.stderr and "Traceback" not in done.stderr


def test_the_authority_is_kept_and_its_key_is_secret(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["localhost", "127.0.0.1"])
    authority = (tmp_path / "authority.pem").read_bytes()
    first = (tmp_path / "server.pem").read_bytes()
    make_certificates(tmp_path, ["localhost", "192.168.1.2"])
    assert (tmp_path / "authority.pem").read_bytes() == authority
    assert (tmp_path / "server.pem").read_bytes() != first
    if sys.platform != "win32":
        for name in ("authority-key.pem", "server-key.pem"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    (tmp_path / "authority-key.pem").write_text("spoilt", "utf-8")
    with pytest.raises(CertificateError, match="restore authority.pem"):
        make_certificates(tmp_path, ["localhost"])


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "ü.example", "a/b"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(CertificateError, match="no host name"):
        make_certificates(tmp_path, [name])


def test_the_address_for_programs_of_this_machine(tmp_path: Path) -> None:
    server = tmp_path / "server.pem"
    for names, host in (
        (["localhost", "127.0.0.1"], "127.0.0.1"),
        (["*.company.example", "hub.company.example", "www.company.example"], "hub.company.example"),
        (["*.company.example", "192.0.2.7"], "127.0.0.1"),
    ):
        make_certificates(tmp_path, names)
        assert own_machine_host(server) == host
    assert own_machine_host(tmp_path / "none.pem") == "127.0.0.1"
    assert is_of_authority(server, tmp_path / "authority.pem")
    make_certificates(tmp_path / "other", ["localhost"])
    assert not is_of_authority(server, tmp_path / "other" / "authority.pem")
    assert not is_of_authority(server, tmp_path / "none.pem")


def test_a_certificate_that_expires_soon_is_a_warning(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["localhost"])
    server, now = tmp_path / "server.pem", datetime.now(UTC)
    name, expires = server.name, expiry(server)
    assert expiry_warnings(name, expires) == []
    assert "expires on" in expiry_warnings(name, expires, now + timedelta(days=800))[0]
    assert "has expired" in expiry_warnings(name, expires, now + timedelta(days=900))[0]
    assert expiry(tmp_path / "none.pem") is None and expiry_warnings("none.pem", None) == []
