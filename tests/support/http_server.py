"""Checks for the server under test."""

from __future__ import annotations

import requests

from tests.support import ws

MB = 1024 * 1024
HOST = b"Host: 127.0.0.1\r\n"


def still_serves(server: ws.Server) -> None:
    """Check that the server answers an ordinary request."""
    assert requests.post(f"{server.url}/body", data=b"abc", timeout=10).json()["length"] == 3
