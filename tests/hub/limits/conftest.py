"""The hub that the tests of a file cross."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.limit_doors import SMALL, LimitHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitHub]:
    with LimitHub(tmp_path_factory.mktemp("limits") / "instance", **SMALL) as process:
        yield process
        assert "Traceback" not in process.text()
        assert "Traceback" not in (process.instance / "hub.log").read_text("utf-8")
