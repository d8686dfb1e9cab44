"""A hub without other hubs, and an agent, load nothing of Redis."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.helpers import ROOT


@pytest.mark.parametrize("module", ["hub.assembly.hub", "agent_lib.uplink.socketio"])
def test_redis_is_not_loaded_where_it_is_not_used(module: str) -> None:
    code = f"import sys, {module}; sys.exit('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
