"""What tests of the hub's Socket.IO server in this process share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def server(app: Any) -> Any:
    """The hub's `socketio.Server`."""
    return app.extensions["gatehouse"].socketio.server
