"""Hubs for the tests of person tracking: a process with named sources, and one that keeps matches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.tracking.matches import KeptMatches
from tests.hub.tracking.drawn import write_video
from tests.support.helpers import HubProcess

HUB_TOML = """
[[tracking.sources]]
name = "yard"
url = "yard.avi"

[[tracking.sources]]
name = "gone"
url = "no such file.avi"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the sources `yard` (3 s) and `gone`."""
    instance = tmp_path_factory.mktemp("tracking") / "instance"
    instance.mkdir()
    (instance / "hub.toml").write_text(HUB_TOML, "utf-8")
    write_video(instance / "yard.avi")
    with HubProcess(instance) as process:
        yield process


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
