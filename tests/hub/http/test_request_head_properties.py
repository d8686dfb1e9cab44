"""Properties of the parser of request heads: any bytes are a head without contradictions, or an error of HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.http.request_head import MAX_HEADERS, MAX_REQUEST_LINE, HeadParser, RequestHead, end_of_head, parse_head
from hub.net.http_error import HttpError, error_response

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
END = st.sampled_from([b"\r\n", b"\n", b"\r\r\n"])
METHODS = st.sampled_from([b"GET", b"POST", b"get", b"\x16\x03\x01", b"", b"M-SEARCH"]) | st.binary(max_size=5)
TARGETS = st.sampled_from(
    [b"/", b"/a?b=%00", b"*", b"http://h/", b"http://h:1/a", b"http://[::1]/", b"x://", b"//h/", b"/\xff", b"/" * 9000]
) | st.binary(max_size=12)
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.7", b"HTTP/2.0", b"HTTP/1.10", b""])
NAMES = st.sampled_from(
    [b"Host", b"host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Expect", b"X-A", b"X A", b"X\x00", b""]
) | st.binary(max_size=5)
VALUES = st.sampled_from(
    [
        b"h",
        b"h:80",
        b"h:99999",
        b"[::1%eth0]:1",
        b"[::g]",
        b"a_b",
        b"h h",
        b"5",
        b"5, 5",
        b"5, 6",
        b"+5",
        b"-1",
        b"1" * 30,
    ]
    + [
        "٥".encode(),
        b"\xb2",
        b"chunked",
        b"Chunked",
        b"gzip, chunked",
        b"close",
        b"keep-alive, x",
        b"100-Continue",
        b"",
        b"\r",
    ]
) | st.binary(max_size=8)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Heads with any mixture of right and wrong parts."""
    end = draw(END)
    line = b" ".join((draw(METHODS), draw(TARGETS), draw(VERSIONS)))
    count = draw(st.sampled_from([1, 1, 1, 1, MAX_HEADERS + 2]))
    headers = draw(st.lists(st.tuples(NAMES, st.sampled_from([b": ", b":", b" : ", b""]), VALUES), max_size=6)) * count
    host = draw(st.sampled_from([b"", b"Host: h" + end]))
    return line + end + host + b"".join(b"".join(header) + end for header in headers) + end


def check(data: bytes) -> None:
    try:
        head = parse_head(data)
    except HttpError as error:
        assert error.status in (400, 414, 431, 501, 505)
        assert error.message.endswith(".")
        assert error_response(error).startswith(b"HTTP/1.1 %d " % error.status)
        return
    assert head.version in ("HTTP/1.0", "HTTP/1.1") and 0 < len(head.target) <= MAX_REQUEST_LINE
    assert not set(head.target) & set("\x00 \r\n\t\x7f")
    assert len(head.headers) <= MAX_HEADERS
    for name, value in head.headers:
        assert TOKEN.fullmatch(name) and not set(value) & set("\x00\r\n") and value == value.strip(" \t")
    lengths = [value for name, value in head.headers if name == "content-length"]
    codings = [value for name, value in head.headers if name == "transfer-encoding"]
    assert not (lengths and codings)
    assert (head.content_length is not None) == bool(lengths) and head.chunked == bool(codings)
    assert head.content_length is None or 0 <= head.content_length < 10**18
    hosts = [value for name, value in head.headers if name == "host" and value]
    assert len(hosts) <= 1 and (head.host or head.version == "HTTP/1.0")
    assert re.fullmatch(r"[a-z0-9._-]*|\[[0-9a-f:.]+\]", head.host)


@given(heads())
def test_a_head_has_no_contradictions_or_is_refused(data: bytes) -> None:
    check(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    check(data)


@given(heads().filter(lambda data: b"\r\r\n" not in data), st.binary(max_size=20))
def test_the_end_of_a_head_is_found_whatever_follows(data: bytes, body: bytes) -> None:
    end = end_of_head(bytearray(data + body))
    assert 0 < end <= len(data) + len(body)
    assert (data + body)[:end].endswith((b"\n\r\n", b"\n\n"))
    assert end_of_head(bytearray((data + body)[: end - 1])) == -1


def outcome(parse: Callable[[bytes], RequestHead], data: bytes) -> Any:
    """Everything that a parser finds, the headers in no order; the status of a head that it refuses."""
    try:
        head = parse(data)
    except HttpError as error:
        return error.status
    return {name: getattr(head, name) for name in RequestHead.__slots__} | {"headers": sorted(head.headers)}


@given(st.lists(heads(), max_size=3))
def test_the_heads_of_a_connection_are_parsed_as_each_alone(some: list[bytes]) -> None:
    parser = HeadParser()
    for data in [*some, *some]:
        assert outcome(parser.parse, data) == outcome(parse_head, data)


def test_heads_that_differ_in_their_length_only() -> None:
    parser = HeadParser()
    for size in (5, 6, 6, 10**17):
        data = b"POST /a HTTP/1.1\r\nHost: h\r\ncontent-length: %d\r\nX-A: b\r\n\r\n" % size
        assert parser.parse(data).content_length == size
        assert outcome(parser.parse, data) == outcome(parse_head, data)
    assert parser.parse(b"POST /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n").content_length is None
