"""A hub in this process for tests of visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub import close
from tests.support.visit_records import start


@pytest.fixture
def app(tmp_path: Any) -> Iterator[Any]:
    made = start(tmp_path)
    yield made
    close(made)


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()
