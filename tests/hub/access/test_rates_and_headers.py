"""The rate of devices of other machines, compressed bodies, and the security headers of every answer."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub import close, create_app
from hub.settings.file import load
from tests.support.helpers import HubProcess

LAN = {"REMOTE_ADDR": "192.168.7.20"}
RECORD = {"camera_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["ABC1234"]}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    environ = {"HUB_TRUSTED_NETWORKS": "192.168.7.0/24", "HUB_LIMITS_MESSAGES_PER_SECOND": "2"}
    app = create_app(load(tmp_path / "instance", {}, environ))
    yield app
    close(app)


def test_a_device_that_sends_too_much_gets_429_and_others_do_not(site: Any) -> None:
    client = site.test_client()

    def post(**environ: str) -> Any:
        return client.post("/api/detection", json=RECORD, environ_base={**LAN, **environ})

    statuses = [post().status_code for _ in range(14)]
    assert statuses[:10] == [200] * 10 and 429 in statuses
    refused = next(answer for answer in iter(post, None) if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "1" and "messages_per_second" in refused.json["message"]
    assert post(REMOTE_ADDR="192.168.7.21").status_code == 200
    assert [post(REMOTE_ADDR="127.0.0.1").status_code for _ in range(30)] == [200] * 30


@pytest.mark.slow
def test_compressed_bodies_are_refused_at_every_door(hub: HubProcess) -> None:
    body = gzip.compress(json.dumps(RECORD).encode())
    for path in ("/api/detection", "/api/captures", "/apriltag", "/api/cameras/x/frame", "/upload-embedding"):
        for encoding in ("gzip", "deflate", "br"):
            headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
            answer = requests.post(hub.url + path, data=body, headers=headers, timeout=10)
            assert answer.status_code == 415 and "Compressed" in answer.json()["message"]
    plain = {"Content-Encoding": "identity"}
    assert requests.post(f"{hub.url}/api/detection", json=RECORD, headers=plain, timeout=10).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/", "/plates", "/api/test", "/api/statistics", "/api/captures", "/images/none.jpg", "/static/live.js", "/x"],
)
def test_security_headers_of_every_answer(hub: HubProcess, path: str) -> None:
    for accept in ("text/html", "application/json"):
        headers = requests.get(hub.url + path, headers={"Accept": accept}, timeout=10).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert "Access-Control-Allow-Origin" not in headers and "Strict-Transport-Security" not in headers


@pytest.mark.slow
def test_times_of_connections_are_settings(tmp_path: Path) -> None:
    limits = {"HUB_LIMITS_HEADER_SECONDS": "1", "HUB_LIMITS_IDLE_SECONDS": "1"}
    with HubProcess(tmp_path / "instance", **limits) as hub:
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as slow:
            slow.sendall(b"GET /api/test HT")
            assert slow.makefile("rb").readline().split()[1] == b"408"
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as idle:
            idle.sendall(b"GET /api/test HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.makefile("rb").read().startswith(b"HTTP/1.1 200 ")  # until the hub closes
