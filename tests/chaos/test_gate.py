"""Short runs of bench/chaos.py: every vehicle at the gate has one capture at the hub, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.chaos.backlog import deliver_backlog
from tests.support.chaos.full_disks import run_full_disks
from tests.support.chaos.run import run_chaos
from tests.support.chaos.small_disk import NoSmallDisk

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has neither SIGKILL nor SIGSTOP.")]


@pytest.mark.parametrize("seed", [3])
def test_kills_cost_no_vehicle(tmp_path: Path, seed: int) -> None:
    result = run_chaos(tmp_path, vehicles=60, kills=4, seed=seed, lanes=4, weighbridges=2)
    assert result.account.faults == [], result.made
    assert result.account.vehicles == 60


def test_a_full_disk_costs_no_vehicle(tmp_path: Path) -> None:
    try:
        result = run_full_disks(tmp_path, cycles=2, seed=1)
    except NoSmallDisk as error:
        pytest.skip(str(error))
    assert result.faults == [] and len(result.resumed) == 1
    assert result.account.vehicles >= 10


def test_what_waited_for_the_hub_arrives_in_order(tmp_path: Path) -> None:
    found = deliver_backlog(tmp_path, 80, picture_bytes=5_000)
    assert (found.lost, found.doubled, found.out_of_order) == (0, 0, 0)
