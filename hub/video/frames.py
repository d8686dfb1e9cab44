"""One picture of a camera, and one camera: its newest picture and its metrics."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.contract.errors import ContractError
from hub.video.metrics import Metrics

MAX_NAME = 100


@dataclass(frozen=True)
class Frame:
    """One picture. `seq` increases over all cameras; it came at `received_at` (epoch seconds), `mono` (monotonic)."""

    camera: str
    seq: int
    data: bytes = field(repr=False)
    width: int
    height: int
    received_at: float
    source: str
    mono: float
    here: bool = True  # False: another hub has received it

    @property
    def age(self) -> float:
        """Seconds since it was received."""
        return time.monotonic() - self.mono

    @cached_property
    def encoded(self) -> dict[str, Any]:
        """Cache of this frame as each transport sends it, so that it is encoded once for all viewers."""
        return {}


class Camera:
    """One camera: its newest frame and its metrics."""

    def __init__(self, name: str, fixed_ms: int) -> None:
        self.name = name
        self.frame: Frame | None = None
        self.metrics = Metrics(fixed_ms)
        self.source = ""

    def status(self) -> dict[str, Any]:
        frame = self.frame
        return {
            "camera": self.name,
            "source": self.source,
            "received_at": frame.received_at if frame else None,
            "age_seconds": round(frame.age, 1) if frame else None,
            "size": len(frame.data) if frame else 0,
            "seq": frame.seq if frame else 0,
        }


def camera_name(text: str) -> str:
    """Return a camera's id: printable, stripped, at most 100 characters. Raises ContractError (400)."""
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ContractError(
            f"A camera's id is a text of 1 to {MAX_NAME} printable characters.", [f"camera: {text[:80]!r}"]
        )
    return name
