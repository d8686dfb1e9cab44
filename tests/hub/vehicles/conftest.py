"""A hub whose register is empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.vehicles.watchlist import Watchlist

TABLES = ("vehicles", "vehicle_identifiers", "vehicle_plate_parts", "vehicle_changes", "vehicle_imports", "audit_log")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(load(tmp_path_factory.mktemp("vehicles") / "instance", {}, {}))
    yield made
    close(made)


@pytest.fixture
def app(running: Any) -> Any:
    hub = running.extensions["gatehouse"]
    hub.writer.write(lambda transaction: [transaction.execute(f"DELETE FROM {table}", {}) for table in TABLES])
    hub.part(Watchlist).load()
    return running


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()
