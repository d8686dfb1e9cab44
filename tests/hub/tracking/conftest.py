"""Stored matches over a hub that keeps them, without a listener."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.tracking.matches import KeptMatches


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Any]:
    """The app of a hub whose setting allows to keep matches."""
    environ = {"HUB_TRACKING_KEEP_MATCHES": "true", "HUB_TRACKING_KEEP_DAYS": "3650"}
    app = create_app(load(tmp_path / "instance", {}, environ))
    yield app
    close(app)


@pytest.fixture
def parts(keeping: Any) -> Any:
    """Its hub."""
    return keeping.extensions["gatehouse"]


@pytest.fixture
def kept(parts: Any) -> KeptMatches:
    """Its stored matches."""
    return parts.part(KeptMatches)
