"""A small progressive JPEG with as many scans as wanted: each costs a decoder a pass over the whole picture."""

from __future__ import annotations

import io

from PIL import Image


def many_scans(count: int, side: int = 1500) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has `count` of them."""
    data = io.BytesIO()
    Image.new("RGB", (side, side), (120, 130, 140)).save(data, "JPEG", progressive=True, quality=30)
    whole = data.getvalue()
    last = whole.rindex(b"\xff\xda")
    tables = whole.rfind(b"\xff\xc4", 0, last)
    scan = whole[tables if tables > whole.rindex(b"\xff\xda", 0, last) else last : whole.rindex(b"\xff\xd9")]
    have = whole.count(b"\xff\xda")
    return whole[: whole.rindex(b"\xff\xd9")] + scan * (count - have) + b"\xff\xd9"
