"""Work on native threads."""

from __future__ import annotations

import threading

import pytest

from hub.runtime.offload import offload


def test_offload_runs_elsewhere_and_raises_here() -> None:
    assert offload(threading.get_native_id) != threading.get_native_id()
    with pytest.raises(ZeroDivisionError):
        offload(lambda: 1 / 0)
