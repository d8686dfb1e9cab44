"""One application for the tests of the languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    from hub import close, create_app
    from hub.settings.file import load

    application = create_app(load(tmp_path_factory.mktemp("languages") / "instance", {}, {}))
    yield application
    close(application)
