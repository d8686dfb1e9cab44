"""Parser of HTTP request heads: strict where safety requires it, tolerant of what small devices send."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from hub.net.host import parse_host
from hub.net.http_error import HttpError

MAX_REQUEST_LINE = 8192
MAX_HEADERS = 100
MAX_KEPT = 2048  # bytes of a head that are kept to compare the next one with
TLS_HANDSHAKE = 0x16

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VERSION = re.compile(r"HTTP/1\.([0-9])")
# NUL, CR and LF in a value are attempts to smuggle a second header.
_BAD_VALUE = re.compile(r"[\x00\r\n]")
_FRAMING = frozenset(("content-length", "transfer-encoding", "connection", "expect", "host"))
_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]{1,18})(?=\r\n)", re.IGNORECASE)
_BAD_TARGET = re.compile(r"[\x00-\x20\x7f]")


@dataclass(slots=True)
class RequestHead:
    """One parsed request head; header names are in lower case, in the order received.

    `host` is the parsed name of the Host header (`hub.net.host`); "" where an HTTP/1.0 client sends none.
    """

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    host: str = ""
    content_length: int | None = None
    chunked: bool = False
    keep_alive: bool = True
    expects_continue: bool = False

    @property
    def line(self) -> str:
        """The request line, for the log: without query, which may hold a token."""
        path, mark, _ = self.target.partition("?")
        return f"{self.method} {path}{mark} {self.version}"


def end_of_head(data: bytearray, start: int = 0) -> int:
    """Find the end of the head in `data` (the index after its empty line); -1 while it is incomplete.

    Bare LF line ends are accepted too, as pywsgi does: some firmware sends them.
    """
    crlf = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start)
    if crlf >= 0 and (bare < 0 or crlf < bare):
        return crlf + 3
    return bare + 2 if bare >= 0 else -1


def parse_head(data: bytes) -> RequestHead:
    """Parse a complete head. Raises `HttpError` with the status and the sentence of the answer."""
    lines = data.decode("latin-1").split("\n")
    head = _request_line(lines[0].rstrip("\r"))
    if len(lines) - 3 > MAX_HEADERS:
        raise HttpError(431, f"The request has more than {MAX_HEADERS} headers.")
    for line in lines[1:]:
        line = line.rstrip("\r")
        if line:
            head.headers.append(_header(line))
    _framing(head)
    return head


class HeadParser:
    """Parses the heads of one connection, as `parse_head`: most differ from the last one in Content-Length at most."""

    def __init__(self) -> None:
        self._rest = b""  # the last head without its Content-Length
        self._parsed: RequestHead | None = None

    def parse(self, data: bytes) -> RequestHead:
        """Parse a complete head. Raises `HttpError`."""
        found = _LENGTH.search(data)
        if found is None:
            return parse_head(data)
        rest = data[: found.start()] + data[found.end() :]
        if rest != self._rest:
            head = parse_head(rest)
            if head.content_length is not None or head.chunked or len(head.headers) >= MAX_HEADERS:
                return parse_head(data)
            if len(rest) > MAX_KEPT:
                return _with_length(head, found[1])
            self._rest, self._parsed = rest, head
        assert self._parsed is not None
        return _with_length(self._parsed, found[1])


def _with_length(head: RequestHead, digits: bytes) -> RequestHead:
    """`head` with a body of a length."""
    text = digits.decode()
    headers = [*head.headers, ("content-length", text)]
    return RequestHead(
        head.method,
        head.target,
        head.version,
        headers,
        head.host,
        int(text),
        False,
        head.keep_alive,
        head.expects_continue,
    )


def _request_line(line: str) -> RequestHead:
    if len(line) > MAX_REQUEST_LINE:
        raise HttpError(414, f"The address of the request is longer than {MAX_REQUEST_LINE} characters.")
    words = line.split(" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]):
        raise HttpError(400, "This is not an HTTP request; the first line must be METHOD /path HTTP/1.1.")
    method, target, version = words
    matched = _VERSION.fullmatch(version)
    if not matched:
        if version.startswith("HTTP/"):
            raise HttpError(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
        raise HttpError(400, "This is not an HTTP request; the first line must be METHOD /path HTTP/1.1.")
    if not target or _BAD_TARGET.search(target):
        raise HttpError(400, "The address in the request line is not valid.")
    if "://" in target[:8]:
        # Absolute form, as sent to a proxy: what follows the host is the path.
        authority, _, path = target.split("://", 1)[1].partition("/")
        head = RequestHead(method, "/" + path, "HTTP/1.0" if matched[1] == "0" else "HTTP/1.1")
        head.host = _host(authority) if authority else ""
        return head
    return RequestHead(method, target, "HTTP/1.0" if matched[1] == "0" else "HTTP/1.1")


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    lower = _header_name(name)
    if not colon or not lower or _BAD_VALUE.search(value):
        raise HttpError(400, "A header of the request is malformed; each must be a line NAME: VALUE.")
    return lower, value.strip(" \t")


@lru_cache(maxsize=1024)
def _header_name(name: str) -> str:
    """The name in lower case; "" where it is not valid. Cached: clients send the same names with every request."""
    return name.lower() if _TOKEN.fullmatch(name) else ""


def _framing(head: RequestHead) -> None:
    """Determine where the body ends. Contradicting headers are refused: they are used for request smuggling."""
    lengths: set[str] = set()
    codings: list[str] = []
    hosts: list[str] = []
    connection = ""
    for name, value in head.headers:
        if name not in _FRAMING:
            continue
        if name == "content-length":
            lengths.update(part.strip() for part in value.split(","))
        elif name == "transfer-encoding":
            codings.append(value.lower())
        elif name == "connection":
            connection += "," + value.lower()
        elif name == "host":
            hosts.append(value)
        elif name == "expect":
            head.expects_continue = value.lower() == "100-continue" and head.version == "HTTP/1.1"
    tokens = {token.strip() for token in connection.split(",")} if connection else ()
    head.keep_alive = "close" not in tokens and (head.version == "HTTP/1.1" or "keep-alive" in tokens)
    if codings:
        if lengths:
            raise HttpError(400, "The request gives both Content-Length and Transfer-Encoding; only one can be true.")
        if codings != ["chunked"]:
            raise HttpError(501, "The only Transfer-Encoding this server takes is chunked.")
        head.chunked = True
    if lengths:
        if len(lengths) != 1:
            raise HttpError(400, "The request gives two different values for Content-Length.")
        text = lengths.pop()
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise HttpError(400, "Content-Length must be a whole number of bytes.")
        head.content_length = int(text)
    _set_host(head, hosts)


def _set_host(head: RequestHead, values: list[str]) -> None:
    """Set the host name. Raises `HttpError` where it is malformed, given twice, or missing in HTTP/1.1.

    A name that is read in two ways lets a web page of another host pass for one of this machine (DNS rebinding).
    """
    if len(values) > 1:
        raise HttpError(400, "The request has more than one Host header; it must have exactly one.")
    if not values or not values[0]:
        if not head.host and head.version == "HTTP/1.1":
            message = "The request has no Host header; an HTTP/1.1 request must have one, such as Host: 127.0.0.1."
            raise HttpError(400, message)
        return
    host = _host(values[0])
    if head.host and head.host != host:
        raise HttpError(400, "The Host header and the address in the request line name different hosts.")
    head.host = host


def _host(text: str) -> str:
    name = parse_host(text)
    if name is None:
        raise HttpError(400, "The Host header is malformed; it must be a name or an address with or without a port.")
    return name
