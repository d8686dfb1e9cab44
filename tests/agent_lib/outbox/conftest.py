"""Outboxes on the test's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_lib.outbox import Outbox


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Opens outboxes on the test's folder; all are closed at the end."""
    boxes: list[Outbox] = []

    def open_one(max_bytes: int = 10**9, shelf: int = 100, **more: str) -> Outbox:
        boxes.append(Outbox(tmp_path, max_bytes, shelf, **more))
        return boxes[-1]

    yield open_one
    for box in boxes:
        box.close()
