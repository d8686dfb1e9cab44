"""Paths of this hub that come from outside: where a login or the choice of a language leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

MAX_PATH = 1000  # characters


def local_path(text: Any) -> str:
    """`text` where it is a path of this hub, else "/": a link must not lead elsewhere."""
    if not isinstance(text, str) or not text.startswith("/") or len(text) > MAX_PATH or not text.isprintable():
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc or text.startswith("//") or "\\" in text else text


def local_path_of(address: str) -> str:
    """The path and query of an address such as that of `Referer`; "/" where there is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
