"""Servers under test, one process for each test file."""

import pytest

from tests.support import ws
from tests.support.http_server import MB


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ws.running(
        tmp_path_factory.mktemp("ws") / "server.log",
        max_message_bytes=40 * MB,
        max_body_bytes=40 * MB,
        send_stall_seconds=1.0,
        close_seconds=1.0,
    ) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """Pings after 0.1 s, drops after 0.4 s."""
    with ws.running(
        tmp_path_factory.mktemp("ws") / "server.log", ping_seconds=0.1, idle_seconds=0.4, close_seconds=0.3
    ) as started:
        yield started
