"""One pair of hubs for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.fast_paths.ways import Ways


@pytest.fixture(scope="package")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    """At the end both hubs have stored, announced and logged the same, what they write behind included."""
    pair = Ways(tmp_path_factory.mktemp("ways"))
    try:
        pair.start()
        yield pair
        pair.same_room_events()
    finally:
        pair.stop()
    pair.same_store()
    pair.same_errors()
