"""The host name by which a request addresses the hub (RFC 9110 7.2, RFC 3986 3.2.2)."""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache
from typing import Any

KEY = "gatehouse.host"  # of a WSGI environment
LOOPBACK = "127.0.0.1"
MAX_NAME = 253
MAX_PORT = 65535

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_BRACKETED = re.compile(r"\[([0-9a-f:.]{2,45})(?:%[a-z0-9._~-]{1,32})?\]")
_PORT = re.compile(r"(?::([0-9]{0,5}))?")


@lru_cache(maxsize=4096)
def parse_host(text: str) -> str | None:
    """The host name of a Host header in lower case, without port and final dot; None where it is malformed.

    An IPv6 address keeps its brackets and loses its zone.
    """
    lower = text.lower()
    if lower.startswith("["):
        end = lower.find("]") + 1
    else:
        end = len(lower.partition(":")[0])
    name, port = lower[:end], _PORT.fullmatch(lower, end)
    if port is None or int(port[1] or 0) > MAX_PORT:
        return None
    if name.startswith("["):
        return _address_6(name)
    if len(name) <= MAX_NAME and _NAME.fullmatch(name):
        return name.rstrip(".")
    # A Windows machine's own name may have an underscore.
    return name if name and name == socket.gethostname().lower() else None


def _address_6(name: str) -> str | None:
    matched = _BRACKETED.fullmatch(name)
    try:
        return f"[{ipaddress.IPv6Address(matched[1])}]" if matched else None
    except ValueError:
        return None


def request_host(environ: dict[str, Any]) -> str:
    """The host name of a request; 127.0.0.1 where it names none, "" where that is malformed.

    The server has put it into the environment; without that (Flask's test client) it is taken from the header.
    """
    name: str | None = environ.get(KEY)
    if name is None:
        text = environ.get("HTTP_HOST", "")
        name = (parse_host(text) or "") if text else LOOPBACK
    return name
