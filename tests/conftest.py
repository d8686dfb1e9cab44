"""Fixtures: an app for Flask's test client, a real hub process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.helpers import HubProcess

SLOW_FOLDERS = ("hub/fast_paths", "hub/hardening", "hub/pages")  # many requests to real hubs, attacks, a browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of the slow folders as slow."""
    folders = [Path(__file__).parent / folder for folder in SLOW_FOLDERS]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[object]:
    from hub import close, create_app
    from hub.settings.file import load

    application = create_app(load(tmp_path / "instance", {}, {}))
    yield application
    close(application)


@pytest.fixture
def client(app: object) -> object:
    return app.test_client()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for the tests of a module."""
    with HubProcess(tmp_path_factory.mktemp("hub") / "instance") as process:
        yield process
