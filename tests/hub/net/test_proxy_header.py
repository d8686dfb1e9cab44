"""The sender's address before a datagram of a proxy."""

from __future__ import annotations

import pytest

from hub.net.proxy_header import split_header

PAYLOAD = b'{"tag_id":5}\r\n'


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 53673 5200\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:DB8::7 2001:db8::1 53673 5200\r\n", "2001:db8::7"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 2\r\n", "192.0.2.7"),
    ],
)
def test_a_header_names_the_sender(header: bytes, address: str) -> None:
    assert split_header(header + PAYLOAD) == (address, PAYLOAD)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"PROXY UNKNOWN\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 53673\r\n",
        b"PROXY TCP4 gate.example 192.0.2.1 53673 5200\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 53673 5200\r\n",
        b"PROXY TCP4 192.0.2.7\xff 192.0.2.1 53673 5200\r\n",
        b"PROXY UDP4 192.0.2.7 192.0.2.1 53673 5200\r\n",
        b"PROXY  TCP4 192.0.2.7 192.0.2.1 53673 5200\r\n",
        b"proxy TCP4 192.0.2.7 192.0.2.1 53673 5200\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 53673 " + b"5" * 107 + b"\r\n",
    ],
)
def test_anything_else_names_nobody_and_stays(header: bytes) -> None:
    assert split_header(header + PAYLOAD) == ("", header + PAYLOAD)
