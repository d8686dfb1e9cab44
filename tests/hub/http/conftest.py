"""Servers under test, one process for each test file."""

import pytest

from tests.support import ws
from tests.support.http_server import MB


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ws.running(tmp_path_factory.mktemp("server") / "server.log", max_body_bytes=2 * MB) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """Limits of a fraction of a second."""
    with ws.running(
        tmp_path_factory.mktemp("server") / "server.log",
        head_seconds=0.3,
        body_stall_seconds=0.3,
        keep_alive_seconds=0.3,
        send_stall_seconds=0.5,
    ) as started:
        yield started
