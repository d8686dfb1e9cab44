"""The sender's address that a proxy puts before a datagram: version 1 of the PROXY protocol.

`PROXY TCP4 SOURCE DESTINATION SOURCE_PORT DESTINATION_PORT` and CRLF, then the payload. nginx writes TCP4 and TCP6 for
datagrams too (`proxy_protocol on` in a stream server; the specification is HAProxy's proxy-protocol.txt, section 2.1).
"""

from __future__ import annotations

import ipaddress

START = b"PROXY "
END = b"\r\n"
MAX_HEADER = 107  # bytes, with END: the longest that version 1 allows
FAMILIES = {b"TCP4": 4, b"TCP6": 6}


def split_header(data: bytes) -> tuple[str, bytes]:
    """Split a datagram into the sender's address and the payload; ("", data) where it has no valid header."""
    end = data.find(END, 0, MAX_HEADER) if data.startswith(START) else -1
    words = data[:end].split(b" ") if end > 0 else []
    if len(words) != 6 or words[1] not in FAMILIES:
        return "", data
    try:
        address = ipaddress.ip_address(words[2].decode("ascii"))
    except ValueError:
        return "", data
    if address.version != FAMILIES[words[1]]:
        return "", data
    return str(getattr(address, "ipv4_mapped", None) or address), data[end + len(END) :]
