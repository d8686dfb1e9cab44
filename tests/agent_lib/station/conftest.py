"""Cameras for the tests of the station."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.agent import UNREADABLE, LiveCamera, live_camera


@pytest.fixture
def primary() -> Iterator[LiveCamera]:
    with live_camera() as live:
        live.show_and_wait(UNREADABLE)
        yield live


@pytest.fixture
def secondary() -> Iterator[LiveCamera]:
    with live_camera() as live:
        live.show_and_wait(UNREADABLE)
        yield live
