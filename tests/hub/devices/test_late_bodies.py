"""The id of a refused device whose body comes after its head: shown, though the refusal does not wait for it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from tests.support import ws
from tests.support.helpers import wait_for
from tests.support.limit_doors import REST, LimitHub, outside, shown

SITE = {"HUB_ACCESS_TRUSTED_PROXY": "127.0.0.1"}
DOOR = REST["POST /api/detection"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitHub]:
    with LimitHub(tmp_path_factory.mktemp("late") / "instance", **SITE) as process:
        yield process
        assert "Traceback" not in (process.instance / "hub.log").read_text("utf-8")


def waiting(hub: LimitHub, address: str) -> list[tuple[str, int]]:
    rows = shown(hub, "/api/access/devices")["waiting"]
    return [(row["claimed"], row["tries"]) for row in rows if row["address"] == address]


def refused(hub: LimitHub, address: str, length: int, *parts: bytes, expect: str = "") -> None:
    """Send a head, read its refusal, and only then send the body."""
    lines = [f"Content-Length: {length}", *([f"Expect: {expect}"] if expect else [])]
    with ws.connect(hub.port) as sock:
        sock.sendall(DOOR.head(address, *lines))
        assert ws.read_response(sock)[0] == 401
        for part in parts:
            sock.sendall(part)
        sock.settimeout(15)
        while sock.recv(65536):
            pass


def test_the_id_is_shown_and_the_try_is_counted_once(hub: LimitHub) -> None:
    address = outside()
    body = DOOR.body("gate-7", None)
    refused(hub, address, len(body), body[:20], body[20:])
    assert waiting(hub, address) == [("gate-7", 1)]
    refused(hub, address, len(body), body)
    assert waiting(hub, address) == [("gate-7", 2)]


def test_the_beginning_of_a_large_body_is_enough(hub: LimitHub) -> None:
    address = outside()
    begin = b'{"type": "detection_result", "aicamera_id": 12, "image_data": "' + b"A" * 8000
    refused(hub, address, 400_000, begin, b"A" * (400_000 - len(begin)))
    assert waiting(hub, address) == [("12", 1)]


def test_what_does_not_come_or_cannot_be_read_leaves_it_as_it_was(hub: LimitHub) -> None:
    for parts, expect in (((), "100-continue"), ((b"\xff\xd8" * 50,), ""), ((b'{"camera_id": ["x"]' + b" " * 81,), "")):
        address = outside()
        refused(hub, address, 100, *parts, expect=expect)
        assert waiting(hub, address) == [("", 1)], parts


def test_an_ordinary_library_that_sends_head_and_body_apart(hub: LimitHub) -> None:
    address = outside()
    headers = {"X-Forwarded-For": address, "Content-Type": "application/json"}
    answer = requests.post(
        f"{hub.url}/api/detection", data=json.dumps({"camera_id": "py"}), headers=headers, timeout=10
    )
    assert answer.status_code == 401
    wait_for(lambda: waiting(hub, address) == [("py", 1)], what="the id")
