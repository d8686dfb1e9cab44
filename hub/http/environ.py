"""The WSGI environment of a request."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from hub.http.request_head import RequestHead
from hub.net.host import KEY, LOOPBACK


@lru_cache(maxsize=1024)
def environ_key(name: str) -> str:
    """The key of a header in a WSGI environment."""
    key = name.replace("-", "_").upper()
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def address_text(client: tuple[Any, ...]) -> str:
    """The address of a peer.

    An IPv4 peer of an IPv6 listener has an IPv4-mapped address; rules about networks expect the IPv4 address.
    """
    address = str(client[0])
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def add_request(environ: dict[str, Any], head: RequestHead, client: tuple[Any, ...]) -> None:
    """Add the request line, the headers and the address of the client to a listener's `environ`."""
    path, _, query = head.target.partition("?")
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["RAW_URI"] = environ["REQUEST_URI"] = head.target
    environ[KEY] = head.host or LOOPBACK
    environ["SERVER_PROTOCOL"] = head.version
    environ["REMOTE_ADDR"] = address_text(client)
    environ["REMOTE_PORT"] = str(client[1])
    for name, value in head.headers:
        if "_" in name:
            continue  # "X_Y" and "X-Y" would share a key, so one could be spoofed as the other
        key = environ_key(name)
        if key in environ and key != "CONTENT_LENGTH":
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
