"""Ids of stored records."""

from __future__ import annotations

from os import urandom
from time import time

RANDOM_BITS = 0x0FFF_3FFF_FFFF_FFFF_FFFF  # of the last 80, those that are not the version and the variant
VERSION_4 = 0x4000_8000_0000_0000_0000


def new_id() -> str:
    """A UUID in the form of version 4, as cameras' programs expect it; its first 48 bits are the time in ms.

    So an id is greater than those of the milliseconds before it: their index grows at its end, where ids that are
    random from the first bit on change a page each, anywhere in it. The other 74 bits are random.
    """
    bits = int(time() * 1000) << 80 | int.from_bytes(urandom(10), "big") & RANDOM_BITS | VERSION_4
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
