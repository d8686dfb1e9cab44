"""Requests that are unusual: whether the fast route or Flask answers, every byte of the answer is the same."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.hub.fast_paths.ways import MAX_BODY_MB, Way, Ways, exchange
from tests.support.tags import TOKEN

RECORD = b'{"camera_id":"odd","timestamp":"2026-03-02T10:00:00","license_plate":"ODD 1","tag_id":902}'
LARGE = MAX_BODY_MB * 1024 * 1024
PATHS = ("/api/detection", "/api/statistics", "/apriltag", "/apriltag/")
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "post", "get", "M" * 60)
CONTENT_TYPES = (
    "",
    "application/json; charset=latin-1",
    "APPLICATION/JSON",
    "application/vnd.camera+json",
    "text/json",
    "text/plain",
    "text/html",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "x" * 300,
    "caf\u00e9/\u00e9",
    ";",
)
BODIES = {
    "empty": b"",
    "blank": b" \r\n\t ",
    "an empty object": b"{}",
    "broken": b'{"camera_id":"odd"',
    "two objects": RECORD + RECORD,
    "a list": b"[" + RECORD + b"]",
    "null": b"null",
    "a number": b"12",
    "a text": b'"' + RECORD.replace(b'"', b'\\"') + b'"',
    "deep": b"[" * 50_000,
    "not UTF-8": b'{"camera_id":"\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf" + RECORD,
    "UTF-16": RECORD.decode().encode("utf-16"),
    "NaN": b'{"camera_id":"odd","timestamp":NaN,"tag_id":NaN}',
    "half a character": b'{"camera_id":"\\ud800"}',
    "NUL": b'{"camera_id":"a\\u0000b","tag_id":903}',
    "huge numbers": b'{"camera_id":1' + b"0" * 400 + b',"tag_id":1e400}',
    "the same key twice": b'{"camera_id":"a","camera_id":"b","tag_id":1,"tag_id":904}',
    "single quotes": b"{'camera_id':'odd','tag_id':905}",
    "foreign fields": b'{"foo":1}',
    "a test": b'{"type":"test"}',
    "70 KB": RECORD[:-1] + b',"note":"' + b"x" * 70_000 + b'"}',
    "a large picture": RECORD[:-1] + b',"image":"' + base64.b64encode(b"\xff\xd8\xff" * 100_000) + b'"}',
    "over the limit": RECORD[:-1] + b',"note":"' + b"x" * LARGE + b'"}',
}


def request(
    path: str,
    body: bytes = RECORD,
    *lines: str,
    method: str = "POST",
    version: str = "HTTP/1.1",
    length: bool = True,
    host: str = "Host: 127.0.0.1",
    token: str = f"Authorization: {TOKEN}",
    kind: str = "Content-Type: application/json",
    connection: str = "Connection: close",
) -> bytes:
    """A request after whose answer the hub closes the connection. An empty header is left out."""
    sent = (host, token, kind, connection, f"Content-Length: {len(body)}" if length else "", *lines)
    head = "".join(f"{line}\r\n" for line in (f"{method} {path} {version}", *filter(None, sent)))
    return f"{head}\r\n".encode("latin-1") + body


def chunked(path: str, *chunks: bytes, end: bytes = b"0\r\n\r\n", method: str = "POST") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end
    return request(path, body, "Transfer-Encoding: chunked", length=False, method=method)


def same(ways: Ways, *requests: bytes, end: bool = False) -> list[str]:
    def send(way: Way) -> list[str]:
        return [exchange(way.hub.port, raw, end) for raw in requests]

    answers = ways.same(send)
    assert all(answer.startswith("HTTP/1.1 ") for answer in answers)
    return answers


@pytest.mark.parametrize("path", PATHS)
def test_methods(ways: Ways, path: str) -> None:
    same(ways, *(request(path, method=method) for method in METHODS))
    same(ways, *(request(path, b"", method=method, length=False) for method in METHODS))


@pytest.mark.parametrize("path", PATHS)
def test_content_types(ways: Ways, path: str) -> None:
    answers = same(ways, *(request(path, kind=f"Content-Type: {kind}" if kind else "") for kind in CONTENT_TYPES))
    assert {answer[9:12] for answer in answers} == {"200", "415"}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies(ways: Ways, body: bytes) -> None:
    same(ways, *(request(path, body) for path in PATHS), *(chunked(path, body) for path in PATHS if body))


@pytest.mark.parametrize("path", PATHS)
def test_lengths(ways: Ways, path: str) -> None:
    same(
        ways,
        request(path, length=False),
        request(path, b"", length=False),
        request(path, RECORD, "Content-Length: 5"),
        request(path, b"", f"Content-Length: {LARGE + 1}", length=False),
        request(path, b"", "Content-Length: 99999999999999999999", length=False),
        *(request(path, RECORD, f"Content-Length: {text}", length=False) for text in ("-1", "+5", "0x10", "1_0", "")),
        request(path, RECORD, f"Content-Length: {len(RECORD)}", "Transfer-Encoding: chunked", length=False),
        request(path, RECORD, "Transfer-Encoding: gzip", length=False),
        request(path, RECORD, "Expect: 100-continue"),
        request(path, RECORD, "Expect: something else"),
    )


@pytest.mark.parametrize("path", PATHS)
def test_bodies_that_end_early(ways: Ways, path: str) -> None:
    cut = request(path)[:-5]
    same(ways, cut, chunked(path, RECORD, end=b""), chunked(path, RECORD, end=b"50\r\n{"), end=True)


@pytest.mark.parametrize("path", PATHS)
def test_chunks(ways: Ways, path: str) -> None:
    same(
        ways,
        chunked(path, RECORD),
        chunked(path, *(bytes([byte]) for byte in RECORD)),
        chunked(path, RECORD, end=b"0\r\nTrailer: x\r\n\r\n"),
        chunked(path),
        chunked(path, RECORD, end=b"zz\r\n"),
        chunked(path, RECORD, end=b"%x\r\n" % (LARGE * 2)),
        *(chunked(path, RECORD, method=method) for method in ("GET", "HEAD", "OPTIONS")),
    )


@pytest.mark.parametrize(
    "spelling",
    [
        "{path}?camera_id=7&x",
        "{path}?",
        "{path}#part",
        "{path};v=1",
        "{path}/",
        "{path}//",
        "{path}/more",
        "/{path}",
        "/.{path}",
        "/x/..{path}",
        "{path}%20",
        "{path}%00",
        "{path}%2F",
        "{path}%ff",
        "http://127.0.0.1{path}",
        "http://elsewhere{path}",
    ],
)
def test_spellings_of_the_path(ways: Ways, spelling: str) -> None:
    paths = [spelling.format(path=path) for path in PATHS]
    same(ways, *(request(path) for path in paths), *(request(path, b"", method="GET") for path in paths))


def test_characters_of_the_path(ways: Ways) -> None:
    encoded = ["".join(f"%{byte:02x}" for byte in path.encode()).replace("%2f", "/") for path in PATHS]
    paths = [*encoded, *map(str.upper, PATHS), *(path.replace("/", "%2F") for path in PATHS)]
    same(ways, *map(request, paths), *(request(path, method="GET") for path in paths))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "lines",
    [
        ["X-Device-Serial: S-1"],
        ["X-Device-Serial: S-1", "X-Device-Serial: S-2"],
        ["X-Device-Serial: caf\u00e9 \u00ff"],
        ["X-Device-Serial: " + "9" * 1000],
        ["X_Device_Serial: S-1"],
        ["X-Forwarded-For: 127.0.0.1"],
        ["Origin: http://elsewhere.example"],
        ["Origin: http://localhost:8000"],
        ["Accept: text/html", "Accept-Encoding: gzip, br", "Range: bytes=0-1"],
        ["If-None-Match: *", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT"],
        ["Content-Encoding: gzip"],
        ["Cookie: session=x; a=b"],
        ["Upgrade: h2c"],
        ["X-HTTP-Method-Override: GET"],
    ],
    ids=lambda lines: lines[0][:40].encode("ascii", "replace").decode(),
)
def test_headers(ways: Ways, path: str, lines: list[str]) -> None:
    body = json.dumps({"license_plate": "ODD 2", "timestamp": "2026-03-02T10:00:01", "tag_id": 906}).encode()
    same(ways, request(path, body, *lines), request(path, b"", *lines, method="GET"))


@pytest.mark.parametrize("path", PATHS)
def test_hosts_and_versions(ways: Ways, path: str) -> None:
    hosts = ("localhost", "127.0.0.1:1", "127.0.0.1:99999", "127.0.0.1:x", "[::1]", "[::1", "elsewhere", "a b", "")
    same(
        ways,
        *(request(path, host=f"Host: {host}") for host in hosts),
        *(request(path, host="", version=version) for version in ("HTTP/1.1", "HTTP/1.0", "HTTP/1.9", "HTTP/2.0")),
        request(path, version="HTTP/1.0", connection="Connection: keep-alive")[:-1],
        end=True,
    )


def test_tokens(ways: Ways) -> None:
    tokens = ("", "Authorization:", "Authorization: wrong", f"Authorization: Bearer {TOKEN}", "Authorization: \u00e9")
    same(ways, *(request(path, token=token) for path in PATHS for token in tokens))
    body = b"x" * 70_000
    same(ways, *(request(path, body, token=token, kind="") for path in PATHS for token in tokens))


@pytest.mark.parametrize("path", PATHS)
def test_several_requests_on_one_connection(ways: Ways, path: str) -> None:
    """What one request leaves unread is no part of the next."""

    def keep(*args: Any, **how: Any) -> bytes:
        return request(*args, connection="", **how)

    same(
        ways,
        keep(path) + keep(path, b"{}") + request(path, b"broken"),
        keep(path, RECORD, method="PUT") + keep(path, RECORD, kind="Content-Type: text/html") + request(path),
        keep(path, b"x" * 70_000) + request(path),
        keep(path, method="HEAD") + request(path),
    )
