"""Vectors of persons as base64 text of little-endian float32, the form in which they cross the process."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_vector(vector: NDArray[np.float32]) -> str:
    """Base64 of a vector."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def decode_vector(text: Any, size: int) -> NDArray[np.float32]:
    """A vector of length 1 with `size` values. Raises ValueError with a sentence."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("The embedding is not base64; upload the reference picture again.") from error
    if len(content) != 4 * size:
        raise ValueError(
            f"The embedding has {len(content)} bytes and this model needs {4 * size}; "
            "upload the reference picture again."
        )
    vector = np.frombuffer(content, "<f4").astype(np.float32)
    length = float(np.linalg.norm(vector)) if np.isfinite(vector).all() else 0.0
    if not 1e-6 < length < 1e6:
        raise ValueError("The embedding is damaged; upload the reference picture again.")
    return np.asarray(vector / length, np.float32)
