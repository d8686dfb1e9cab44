"""No token, password or cookie that passes through the hub is in its log, at level DEBUG either."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from pathlib import Path

import pytest
import requests
import socketio
import websocket

from tests.support.accounts import first_password, log_in
from tests.support.helpers import HubProcess, capture_result, wait_for

pytestmark = pytest.mark.slow


class Secrets:
    """Makes secrets, and keeps them to look for."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {}

    def make(self, name: str) -> str:
        return self.keep(name, secrets.token_urlsafe(24))

    def keep(self, name: str, text: str) -> str:
        self.all[name] = text
        return text


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_in_the_log(tmp_path: Path, form: str) -> None:
    kept = Secrets()
    environ = {"HUB_LOG_LEVEL": "DEBUG", "HUB_LOG_FORMAT": form, "HUB_ACCESS_LOCAL_ADMIN": "false"}
    with HubProcess(tmp_path / "instance", **environ) as hub:
        admin = log_in(hub)
        kept.keep("first password", first_password(hub.instance))
        for cookie in admin.cookies:
            kept.keep(f"cookie {cookie.name}", cookie.value or "")
        for name in ("device_token.txt", "apriltag_token", "session_key"):
            kept.keep(name, (hub.instance / name).read_text("utf-8").strip())
        _accounts(hub, admin, kept)
        _tokens(hub, admin, kept)
        _sockets(hub, kept)
        _boards(hub, kept)
        _broken_requests(hub, kept)
        answer = admin.get(f"{hub.url}/api/log", params={"limit": 500}, timeout=10)
        assert len(answer.json()["lines"]) > 20
        shown = answer.text + admin.get(f"{hub.url}/status", timeout=10).text
        shown += admin.get(f"{hub.url}/metrics", timeout=10).text
    log = (hub.instance / "hub.log").read_text("utf-8")
    assert "DEBUG" in log and len(kept.all) > 20
    printed = {"first password", "device_token.txt", "apriltag_token"}  # once, on the screen of the first start
    assert [name for name, secret in kept.all.items() if secret in log + shown] == []
    assert [name for name, secret in kept.all.items() if hub.text().count(secret) > (name in printed)] == []


def _accounts(hub: HubProcess, admin: requests.Session, kept: Secrets) -> None:
    page = {"Origin": hub.url}
    new = {"name": "Somebody", "password": kept.make("new account"), "role": "viewer"}
    assert admin.post(f"{hub.url}/api/accounts", json=new, headers=page, timeout=10).ok
    wrong = {"name": "Somebody", "password": kept.make("wrong password")}
    assert requests.post(f"{hub.url}/login", json=wrong, timeout=10).status_code == 401
    assert requests.post(f"{hub.url}/login", data=wrong, timeout=10).status_code in (200, 401)
    short = {"name": kept.make("password as a name"), "password": {"a": kept.make("password in an object")}}
    requests.post(f"{hub.url}/login", json=short, timeout=10)
    odd = {"name": "Other", "password": kept.make("rejected account"), "role": "no role"}
    assert admin.post(f"{hub.url}/api/accounts", json=odd, headers=page, timeout=10).status_code == 400


def _tokens(hub: HubProcess, admin: requests.Session, kept: Secrets) -> None:
    page = {"Origin": hub.url}
    made = admin.post(f"{hub.url}/api/access/tokens", json={"name": "a camera"}, headers=page, timeout=10).json()
    token = kept.keep("device token", next(value for value in _texts(made) if len(value) >= 40))
    record = capture_result()
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": token}, {"X-API-Key": token}):
        assert requests.post(f"{hub.url}/api/captures", json=record, headers=headers, timeout=10).ok
    for number, name in enumerate(("Authorization", "X-API-Key", "Cookie", "X-Pair-Secret", "X-Device-Serial-Token")):
        headers = {name: kept.make(f"unknown {number}"), "X-Forwarded-For": "192.0.2.1"}
        requests.post(f"{hub.url}/api/captures", json=record, headers=headers, timeout=10)
    asked = requests.post(f"{hub.url}/api/pair", json={"name": "north", "kind": "station"}, timeout=10).json()
    secret = kept.keep("pairing", asked["secret"])
    headers = {"X-Pair-Secret": secret}
    admitted = admin.post(f"{hub.url}/api/access/pairings/{asked['id']}/admit", headers=page, timeout=10)
    assert admitted.ok, admitted.text
    paired = requests.get(f"{hub.url}/api/pair/{asked['id']}", headers=headers, timeout=10).json()
    kept.keep("token of a pairing", paired["token"])


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _sockets(hub: HubProcess, kept: Secrets) -> None:
    for number, token in enumerate((kept.all["device token"], kept.make("token of a raw WebSocket"))):
        with contextlib.suppress(websocket.WebSocketException):
            url = f"ws://127.0.0.1:{hub.side['results']}/?token={token}"
            websocket.create_connection(url, timeout=10, header=["X-Forwarded-For: 192.0.2.1"]).close()
        auth = {"token": token, "password": kept.make(f"in a connect packet {number}")}
        client = socketio.Client()
        with contextlib.suppress(socketio.exceptions.ConnectionError):
            client.connect(f"{hub.url}?token={kept.make(f'in the address of Socket.IO {number}')}", auth=auth)
            client.emit("join_dashboard", {"token": kept.make(f"in an event {number}")})
            client.emit("no such event", {"token": kept.make(f"in an unknown event {number}")})
            client.call("capture_result", {"token": kept.make(f"in a rejected event {number}"), "tag": 5}, timeout=10)
        client.disconnect()


def _boards(hub: HubProcess, kept: Secrets) -> None:
    for number, token in enumerate((kept.all["apriltag_token"], kept.make("token of a board"))):
        board = websocket.create_connection(f"ws://127.0.0.1:{hub.side['apriltag']}/", timeout=10)
        identify = {"type": "esp32", "device": "board-1", "auth_token": token}
        board.send(json.dumps({"event": "identify", "data": identify}))
        board.send(json.dumps({"event": "apriltag_data", "tag_id": 1, "auth_token": token}))
        board.send(f"{{'event': 'broken', 'auth_token': '{token}'")
        board.close()
        reading = {"tag_id": 1, "auth_token": token}
        requests.post(f"{hub.url}/apriltag", json=reading, headers={"Authorization": token}, timeout=10)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            target = ("127.0.0.1", hub.side["apriltag_udp"])
            datagram.sendto(json.dumps({**reading, "device": f"board {number}"}).encode(), target)
            datagram.sendto(f"broken {token}".encode(), target)


def _broken_requests(hub: HubProcess, kept: Secrets) -> None:
    """Heads that are cut or malformed, bodies that are no JSON: what is logged of them is no header and no body."""
    for number, end in enumerate(
        (b"Content-Length: x\r\n\r\n", b"no colon\r\n\r\n", b"Host: a\r\nHost: b\r\n\r\n", b"")
    ):
        head = f"POST /api/captures HTTP/1.1\r\nAuthorization: Bearer {kept.make(f'broken head {number}')}\r\n"
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as one:
            one.sendall(head.encode() + end)
            one.shutdown(socket.SHUT_WR)
            wait_for(lambda one=one: not one.recv(65536), what="the end of the connection")
    headers = {"Authorization": f"Bearer {kept.all['device token']}", "Content-Type": "application/json"}
    for number, start in enumerate((b'{"token": "', b'{"password": 1e999, "x": "', b"[[[")):
        body = start + kept.make(f"broken body {number}").encode()
        assert requests.post(f"{hub.url}/api/captures", data=body, headers=headers, timeout=10).status_code == 400
    requests.get(f"{hub.url}/login", params={"next": "/x", "password": kept.make("in an address")}, timeout=10)
