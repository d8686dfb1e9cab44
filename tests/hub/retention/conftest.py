"""A hub that deletes nothing by itself while a test does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_run_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("hub.retention.service.FIRST_SECONDS", 1e6)
    yield


@pytest.fixture
def parts(app: Any) -> Any:
    return app.extensions["gatehouse"]
