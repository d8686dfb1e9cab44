"""Means of embedding vectors, without numpy: the hub's process does not load it."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence

from hub.tracking.envelope import WrongEmbedding


def mean(parts: Sequence[tuple[bytes, int]]) -> bytes:
    """The weighted mean of vectors, scaled to length 1; each is float32, little endian, with its weight.

    Raises WrongEmbedding where they do not have the same size or their mean has no direction.
    """
    sums: list[float] = []
    for data, weight in parts:
        values = _values(data)
        if sums and len(values) != len(sums):
            raise WrongEmbedding("The embedding has another size than this hub's model; make a new one.")
        sums = (
            [weight * value for value in values]
            if not sums
            else [total + weight * value for total, value in zip(sums, values, strict=True)]
        )
    length = math.sqrt(sum(value * value for value in sums))
    if not math.isfinite(length) or length <= 0:
        raise WrongEmbedding("The pictures give no embedding; use other ones.")
    mixed = array("f", (value / length for value in sums))
    if sys.byteorder == "big":
        mixed.byteswap()
    return mixed.tobytes()


def _values(data: bytes) -> array[float]:
    values = array("f")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
