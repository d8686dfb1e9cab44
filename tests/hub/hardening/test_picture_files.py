"""Stored pictures that are sent in pieces, and a hub that is out of file handles."""

from __future__ import annotations

import base64
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.hub.hardening.test_memory import MB, large_picture
from tests.support.helpers import HubProcess, capture_result, wait_for
from tests.support.lpr import g4


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("files") / "instance") as process:
        yield process


def picture_path(session: requests.Session, hub: HubProcess, data: bytes) -> str:
    """Store a picture; the path of its link."""
    body = capture_result(primary_image=base64.b64encode(data).decode())
    answer = session.post(hub.url + "/api/captures", json=body, timeout=20)
    assert answer.status_code == 201, answer.text
    return "/" + str(answer.json()["primary_image_url"]).split("/", 3)[3]


def test_ranges_and_tags_of_a_large_picture(own: HubProcess) -> None:
    data = large_picture(3 * MB)
    with requests.Session() as session:
        url = own.url + picture_path(session, own, data)
    whole = requests.get(url, timeout=20)
    assert whole.content == data and whole.headers["Content-Length"] == str(len(data))
    assert "Transfer-Encoding" not in whole.headers and whole.headers["Accept-Ranges"] == "bytes"
    for first, last in ((0, 0), (5, 700_000), (2_000_000, len(data) - 1)):
        part = requests.get(url, headers={"Range": f"bytes={first}-{last}"}, timeout=20)
        assert part.status_code == 206 and part.content == data[first : last + 1]
    assert requests.get(url, headers={"Range": f"bytes={len(data)}-"}, timeout=20).status_code == 416
    assert requests.get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=20).status_code == 304
    head = requests.head(url, timeout=20)
    assert head.headers["Content-Length"] == str(len(data)) and head.content == b""


def test_one_record_with_its_pictures_as_base64(own: HubProcess) -> None:
    pictures = [large_picture(size) for size in (1, MB, 2 * MB + 1)]
    texts = [base64.b64encode(data).decode() for data in pictures]
    body = g4(original_image=texts[0], annotated_image=texts[1], cropped_plates=[texts[2], "no picture", texts[0]])
    stored = requests.post(own.url + "/api/detection", json=body, timeout=20).json()
    path = f"/api/records/{stored['detection_id']}"
    record = own.get(path, images="base64")["record"]
    assert [record["original_image"], record["annotated_image"]] == texts[:2]
    assert record["cropped_plates"] == [texts[2], "no picture", texts[0]]
    links = own.get(path)["record"]
    assert list(links) == list(record) and links["original_image"].startswith("http://")
    page = own.get("/api/records", images="base64", limit="1")
    assert page["records"] == [record] and list(page) == list(own.get("/api/records", limit="1"))


def test_http_1_0_gets_a_page_of_pictures_without_chunks(own: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", own.port), 20) as sock:
        sock.sendall(b"GET /api/records?images=base64 HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head and b"Connection: close" in head and body.startswith(b"{") and body.endswith(b"}")


def lowest_free_handle(pid: int) -> int:
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    time.sleep(0.02)
    return next(number for number in range(len(used) + 1) if number not in used)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits another process's open files")
def test_out_of_file_handles(tmp_path: Path) -> None:
    import resource

    with HubProcess(tmp_path / "instance") as hub:
        assert hub.process is not None
        pid, limits = hub.process.pid, resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE)
        with requests.Session() as session:  # one connection, so that no other handle is closed meanwhile
            path = picture_path(session, hub, large_picture(MB))
            assert session.get(hub.url + path, timeout=20).status_code == 200
            # The lowest number that stays free: a file that the hub opens for a moment must not count.
            free = min(lowest_free_handle(pid) for _ in range(20))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, limits[1]))
            for _ in range(5):
                answer = session.get(hub.url + path, timeout=20)
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] and "Too many open files" in answer.json()["message"]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            assert session.get(hub.url + path, timeout=20).status_code == 200
            status = session.get(hub.url + "/status", timeout=20).json()
        assert any("could not be read" in text and "Too many open files" in text for text in status["warnings"])
        assert status["pictures"]["unreadable"] == 5
        wait_for(lambda: "A stored picture cannot be read" in (hub.instance / "hub.log").read_text("utf-8"))
        assert (hub.instance / "hub.log").read_text("utf-8").count("A stored picture cannot be read") == 1
