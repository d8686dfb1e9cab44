"""Base64 text decoded to bytes."""

from __future__ import annotations

import pybase64


def decode_base64(text: str) -> bytes:
    """Decode base64 strictly; 16 MB take about a millisecond. Raises ValueError."""
    return pybase64.b64decode(text, validate=True)


def decode_picture_text(text: str) -> bytes | None:
    """Decode base64 as senders write it: in a data URL, URL-safe, wrapped, without padding. None for other text."""
    if text[:5] == "data:":
        text = text.partition(",")[2]
    try:
        return decode_base64(text)
    except ValueError:
        pass
    squeezed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return decode_base64(squeezed + "=" * (-len(squeezed) % 4))
    except ValueError:
        return None
