"""Only this machine is served, until the operator lets others in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
import websocket

from tests.support.helpers import HubProcess

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/test",
        "/api/captures",
        "/images/x.jpg",
        "/status",
        "/static/gatehouse.css",
        "/socket.io/?EIO=4&transport=polling",
        "/nothing",
    ],
)
def test_others_get_403_with_a_sentence_everywhere(client, path: str) -> None:
    answer = client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.5"})
    assert answer.status_code == 403
    assert answer.json["success"] is False and answer.json["message"].endswith(".")


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
        ({"X-Forwarded-For": "127.0.0.1"}, 403),
    ],
)
def test_foreign_pages_names_and_proxies(client, headers: dict, status: int) -> None:
    assert client.get("/api/test", headers=headers).status_code == status


@pytest.fixture
def other_host() -> Iterator[tuple[str, str]]:
    """A network namespace joined to this one: (its name, this side's address)."""
    ip = shutil.which("ip")
    if not ip or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("A second host needs root and iproute2 (apt-get install iproute2).")
    name = f"gh{uuid.uuid4().hex[:8]}"
    made = subprocess.run([ip, "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"Network namespaces cannot be made here: {made.stderr.strip()}")
    try:
        for command in (
            ["link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name],
            ["addr", "add", "198.18.77.1/30", "dev", f"{name}a"],
            ["link", "set", f"{name}a", "up"],
            ["-n", name, "addr", "add", "198.18.77.2/30", "dev", f"{name}b"],
            ["-n", name, "link", "set", f"{name}b", "up"],
        ):
            subprocess.run([ip, *command], check=True, capture_output=True)
        yield name, "198.18.77.1"
    finally:
        subprocess.run([ip, "netns", "delete", name], check=True)


ASK = """
import json, sys, requests, websocket
address, main, results = sys.argv[1:]
answer = requests.get(f"http://{address}:{main}/api/test", timeout=10)
try:
    websocket.create_connection(f"ws://{address}:{results}", timeout=10)
    upgrade = 101
except websocket.WebSocketBadStatusException as error:
    upgrade = error.status_code
print(json.dumps([answer.status_code, answer.json(), upgrade]))
"""


def test_another_host_is_refused_on_every_port(other_host: tuple[str, str], hub: HubProcess) -> None:
    name, address = other_host
    done = subprocess.run(
        ["ip", "netns", "exec", name, sys.executable, "-c", ASK, address, str(hub.port), str(hub.side["results"])],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    status, body, upgrade = json.loads(done.stdout)
    assert (status, upgrade) == (403, 403)
    assert body["success"] is False and "machine" in body["message"]
    websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10).close()
