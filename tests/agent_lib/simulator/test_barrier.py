"""The simulated barrier over its real port, opened by a real hub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from agent_lib.simulator.barrier import SimulatedBarrier
from tests.support.barriers import BarrierHub, http_barrier
from tests.support.helpers import wait_for


@pytest.fixture
def barrier() -> Iterator[SimulatedBarrier]:
    made = SimulatedBarrier(port=0, open_seconds=0.3)
    made.start()
    yield made
    made.stop()


def shown(barrier: SimulatedBarrier) -> dict[str, object]:
    return dict(requests.get(barrier.address, timeout=5).json())


def test_it_opens_closes_by_itself_and_counts(barrier) -> None:
    assert shown(barrier) == {"open": False, "pulses": 0}
    assert requests.post(f"{barrier.address}/open", json={"visit": "v1"}, timeout=5).json() == {
        "open": True,
        "pulses": 1,
    }
    wait_for(lambda: shown(barrier) == {"open": False, "pulses": 1}, what="its closing")
    assert requests.post(f"{barrier.address}/close", timeout=5).status_code == 404
    assert requests.get(f"{barrier.address}/open", timeout=5).status_code == 404
    huge = {"Content-Length": "9" * 30}
    assert requests.post(f"{barrier.address}/open", headers=huge, timeout=5).status_code == 413
    assert shown(barrier)["pulses"] == 1


def test_a_port_that_somebody_has_is_not_needed(barrier) -> None:
    port = int(barrier.address.rpartition(":")[2])
    other = SimulatedBarrier(port=port)
    other.start()
    try:
        assert other.address != barrier.address and shown(other)["pulses"] == 0
    finally:
        other.stop()


@pytest.mark.slow
def test_a_hub_opens_it(tmp_path, barrier) -> None:
    with BarrierHub(tmp_path / "instance", http_barrier(f"{barrier.address}/open")) as hub:
        hub.publish()
        wait_for(lambda: shown(barrier)["pulses"] == 1, what="the pulse")
        assert hub.settle()["error"] == ""
