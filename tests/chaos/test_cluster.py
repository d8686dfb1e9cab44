"""A small run of what `python bench/cluster.py --only kills` does at full size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import stores
from tests.support.chaos.cluster_run import run_cluster
from tests.support.cluster import Cluster
from tests.support.front import MISSING, nginx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(nginx() is None, reason=MISSING),
    pytest.mark.skipif(not stores.has_server(), reason=stores.NO_SERVER),
]


def test_what_was_acknowledged_is_stored_once_whatever_dies(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        result = run_cluster(cluster, kills=4, seed=19, cameras=8, interval=0.05, say=lambda text: None)
    assert (result.lost, result.doubled, result.faults) == (0, 0, [])
    assert result.made["hub killed"] == 4 and result.acknowledged > 50
